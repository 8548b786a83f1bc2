"""Files that the .blend refers to and that are not there."""

import os
import re

import bpy

from bridge_outcome import strips_of


def missing_files():
    found = []
    for kind, name, path, absent in references():
        entry = {"type": kind, "name": name, "path": path}
        if absent and entry not in found:
            found.append(entry)
    return found


def references():
    """Yields (type, name, path as written, is it missing) of every outside file that the .blend refers to."""
    for library in bpy.data.libraries:
        if not packed(library):
            yield check("library", library, library.filepath)
    for image in bpy.data.images:
        if image.source in {"FILE", "SEQUENCE", "MOVIE", "TILED"} and not packed(image):
            kind = "movie" if image.source == "MOVIE" else "image"
            numbers = numbers_shown(image) if image.source == "SEQUENCE" else None
            yield check(kind, image, image.filepath) if numbers is None else check_sequence(image, numbers)
    for clip in bpy.data.movieclips:
        yield check("movie", clip, clip.filepath)
    for sound in bpy.data.sounds:
        if not packed(sound):
            yield check("sound", sound, sound.filepath)
    for font in bpy.data.fonts:
        if font.filepath not in {"", "<builtin>"} and not packed(font):
            yield check("font", font, font.filepath)
    for cache in bpy.data.cache_files:
        yield check("cache", cache, cache.filepath)
    for volume in getattr(bpy.data, "volumes", ()):
        if not packed(volume):
            yield check("cache", volume, volume.filepath)
    yield from simulation_caches()
    yield from strips()
    yield from nodes()


def packed(block):
    return getattr(block, "packed_file", None) is not None or bool(getattr(block, "packed_files", ()))


def check(kind, block, path):
    library = getattr(block, "library", None)
    if path == "":
        return (kind, block.name, path, False)
    absolute = bpy.path.abspath(path, library=library)
    return (kind, block.name, path, not exists(absolute))


def exists(path):
    """Tiles and sequences stand for many files: one of them is enough here."""
    for mark in ("<UDIM>", "<UVTILE>"):
        if mark in path:
            folder, name = os.path.split(path)
            before, after = name.split(mark, 1)
            return os.path.isdir(folder) and any(
                entry.startswith(before) and entry.endswith(after) for entry in os.listdir(folder)
            )
    return os.path.exists(path)


def check_sequence(image, numbers):
    """Of the pictures that the scene shows, those that are not there; their names end with their numbers."""
    folder, name = os.path.split(bpy.path.abspath(image.filepath, library=image.library))
    parts = re.match(r"^(.*?)(\d+)(\D*)$", name)
    if parts is None:
        return check("image", image, image.filepath)
    before, digits, after = parts.groups()
    there = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    absent = [number for number in numbers if before + str(number).zfill(len(digits)) + after not in there]
    if not absent:
        return ("image", image.name, image.filepath, False)
    first = before + str(absent[0]).zfill(len(digits)) + after
    path = "%s (%d of the %d pictures shown, the first is %s)" % (image.filepath, len(absent), len(numbers), first)
    return ("image", image.name, path, True)


def numbers_shown(image):
    """Numbers of the pictures of a sequence that a node shows in its scene's frames; None where no node shows it."""
    numbers = set()
    for owner in owners_of_trees():
        for node in owner.nodes:
            user = getattr(node, "image_user", None) or (node if node.type == "IMAGE" else None)
            if getattr(node, "image", None) != image or user is None:
                continue
            for scene in bpy.data.scenes:
                for frame in range(scene.frame_start, scene.frame_end + 1, max(1, scene.frame_step)):
                    numbers.add(number_at(user, frame))
                    if len(numbers) > 100_000:
                        return sorted(numbers)
    return sorted(numbers) or None


def number_at(user, frame):
    """As BKE_image_user_frame_get of Blender counts: https://projects.blender.org/blender/blender, image.cc."""
    at = frame - user.frame_start + 1
    length = max(1, user.frame_duration)
    if user.use_cyclic:
        at = (at - 1) % length + 1
    return min(max(at, 1), length) + user.frame_offset


def simulation_caches():
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
                folder = modifier.domain_settings.cache_directory
                yield check_folder(thing, folder)
            elif modifier.type == "OCEAN" and modifier.is_cached:
                yield check_folder(thing, modifier.filepath)
            elif modifier.type == "MESH_CACHE":
                yield check("cache", thing, modifier.filepath)
            cache = getattr(modifier, "point_cache", None)
            if cache is not None:
                yield from disk_cache(thing, cache)
        for system in thing.particle_systems:
            yield from disk_cache(thing, system.point_cache)


def check_folder(thing, folder):
    kind, name, path, absent = check("cache", thing, folder)
    if not absent and path != "":
        absent = not os.listdir(bpy.path.abspath(path, library=thing.library))
    return (kind, name, path, absent)


def disk_cache(thing, cache):
    """A baked disk cache lives in blendcache_<file> beside the .blend, or where the cache says."""
    if not cache.use_disk_cache or not cache.is_baked:
        return
    if cache.use_external:
        yield check("cache", thing, cache.filepath)
    else:
        stem = os.path.splitext(os.path.basename(bpy.data.filepath))[0]
        yield check("cache", thing, "//blendcache_" + stem)


def strips():
    for scene in bpy.data.scenes:
        for strip in strips_of(scene):
            if strip.type == "MOVIE":
                yield check("movie", strip_of(strip, scene), strip.filepath)
            elif strip.type == "IMAGE":
                for element in strip.elements:
                    path = os.path.join(strip.directory, element.filename)
                    yield check("image", strip_of(strip, scene), path)


def strip_of(strip, scene):
    return type("Strip", (), {"name": strip.name, "library": scene.library})


def owners_of_trees():
    owners = list(bpy.data.materials) + list(bpy.data.worlds) + list(bpy.data.lights) + list(bpy.data.scenes)
    return [it.node_tree for it in owners if getattr(it, "node_tree", None)] + list(bpy.data.node_groups)


def nodes():
    """Light profiles and OSL shaders that lie beside the file."""
    for tree in owners_of_trees():
        for node in tree.nodes:
            if node.type in {"TEX_IES", "SCRIPT"} and node.mode == "EXTERNAL":
                yield check("other", tree, node.filepath)
