"""What is in the open file, as the worker's BlenderProbe."""

import os

import bpy

from bridge_file import file_version, state
from bridge_render import WORKBENCH_SAMPLES

DEPTHS = ("8", "16", "32")


def remember():
    """Looks into the file as it was opened: a render changes its scenes, and a later job asks what the file says."""
    state["found"] = look_into_file()


def probe(command):
    return state["found"]


def look_into_file():
    scenes = [probe_scene(scene) for scene in bpy.data.scenes]
    window = bpy.context.window
    active = (window.scene if window else bpy.context.scene).name
    return {
        "blenderVersion": bpy.app.version_string.split(" ")[0],
        "fileVersion": file_version(),
        "scenes": scenes,
        "activeScene": active,
        "missing": missing_files(),
        "scripts": [text.name for text in bpy.data.texts if text.use_module],
    }


def probe_scene(scene):
    render = scene.render
    image = render.image_settings
    return {
        "name": scene.name,
        "cameras": [thing.name for thing in scene.objects if thing.type == "CAMERA"],
        "camera": scene.camera.name if scene.camera else None,
        "frameStart": scene.frame_start,
        "frameEnd": scene.frame_end,
        "frameStep": scene.frame_step,
        "fps": render.fps / render.fps_base,
        "resolutionX": render.resolution_x,
        "resolutionY": render.resolution_y,
        "percentage": render.resolution_percentage,
        "engine": render.engine,
        "samples": samples(scene),
        "format": image.file_format,
        "colorDepth": image.color_depth if image.color_depth in DEPTHS else None,
        "transparent": render.film_transparent,
        "denoise": render.engine == "CYCLES" and scene.cycles.use_denoising,
    }


def samples(scene):
    if scene.render.engine == "CYCLES":
        return max(scene.cycles.samples, 1)
    if scene.render.engine.startswith("BLENDER_EEVEE"):
        return max(scene.eevee.taa_render_samples, 1)
    if scene.render.engine == "BLENDER_WORKBENCH":
        return WORKBENCH_SAMPLES.get(scene.display.render_aa)
    return None


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
            yield look("library", library, library.filepath)
    for image in bpy.data.images:
        if image.source in {"FILE", "SEQUENCE", "MOVIE", "TILED"} and not packed(image):
            yield look("movie" if image.source == "MOVIE" else "image", image, image.filepath)
    for clip in bpy.data.movieclips:
        yield look("movie", clip, clip.filepath)
    for sound in bpy.data.sounds:
        if not packed(sound):
            yield look("sound", sound, sound.filepath)
    for font in bpy.data.fonts:
        if font.filepath not in {"", "<builtin>"} and not packed(font):
            yield look("font", font, font.filepath)
    for cache in bpy.data.cache_files:
        yield look("cache", cache, cache.filepath)
    for volume in getattr(bpy.data, "volumes", ()):
        if not packed(volume):
            yield look("cache", volume, volume.filepath)
    yield from simulation_caches()
    yield from strips()
    yield from nodes()


def packed(block):
    return getattr(block, "packed_file", None) is not None or bool(getattr(block, "packed_files", ()))


def look(kind, block, path):
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


def simulation_caches():
    for thing in bpy.data.objects:
        for modifier in thing.modifiers:
            if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
                folder = modifier.domain_settings.cache_directory
                yield look_at_folder(thing, folder)
            elif modifier.type == "OCEAN" and modifier.is_cached:
                yield look_at_folder(thing, modifier.filepath)
            elif modifier.type == "MESH_CACHE":
                yield look("cache", thing, modifier.filepath)
            cache = getattr(modifier, "point_cache", None)
            if cache is not None:
                yield from disk_cache(thing, cache)
        for system in thing.particle_systems:
            yield from disk_cache(thing, system.point_cache)


def look_at_folder(thing, folder):
    kind, name, path, absent = look("cache", thing, folder)
    if not absent and path != "":
        absent = not os.listdir(bpy.path.abspath(path, library=thing.library))
    return (kind, name, path, absent)


def disk_cache(thing, cache):
    """A baked disk cache lives in blendcache_<file> beside the .blend, or where the cache says."""
    if not cache.use_disk_cache or not cache.is_baked:
        return
    if cache.use_external:
        yield look("cache", thing, cache.filepath)
    else:
        stem = os.path.splitext(os.path.basename(bpy.data.filepath))[0]
        yield look("cache", thing, "//blendcache_" + stem)


def strips():
    for scene in bpy.data.scenes:
        editor = scene.sequence_editor
        if editor is None:
            continue
        for strip in getattr(editor, "strips_all", None) or getattr(editor, "sequences_all", ()):
            if strip.type == "MOVIE":
                yield look("movie", strip_of(strip, scene), strip.filepath)
            elif strip.type == "IMAGE":
                for element in strip.elements:
                    path = os.path.join(strip.directory, element.filename)
                    yield look("image", strip_of(strip, scene), path)


def strip_of(strip, scene):
    return type("Strip", (), {"name": strip.name, "library": scene.library})


def nodes():
    """Light profiles and OSL shaders that lie beside the file."""
    owners = list(bpy.data.materials) + list(bpy.data.worlds) + list(bpy.data.lights)
    trees = [owner.node_tree for owner in owners if owner.node_tree] + list(bpy.data.node_groups)
    for tree in trees:
        for node in tree.nodes:
            if node.type in {"TEX_IES", "SCRIPT"} and node.mode == "EXTERNAL":
                yield look("other", tree, node.filepath)
