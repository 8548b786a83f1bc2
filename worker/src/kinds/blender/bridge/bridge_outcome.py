"""What Blender would make of a scene beyond one picture a frame, and what only comes out right under a condition."""

import bpy

from bridge_pictures import views_of

# The farm takes no more views of a frame.
MOST_VIEWS = 16
# Of each list the first so many are told: a scene may hold any number.
MOST = 100


def strips_of(scene):
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(getattr(editor, "strips_all", None) or getattr(editor, "sequences_all", ()))


def uses_sequencer(scene):
    return scene.render.use_sequencer and any(
        strip.type != "SOUND" and not strip.mute for strip in strips_of(scene)
    )


def left_out(scene):
    """What the farm does not bring back, as the worker's LeftOut."""
    render = scene.render
    image = render.image_settings
    found = []
    if image.file_format == "OPEN_EXR_MULTILAYER":
        found.append(("passes", passes(scene)))
    nodes = file_output_nodes(scene)
    if nodes and render.use_compositing:
        found.append(("file-output", nodes))
    if render.use_stamp:
        found.append(("stamp", []))
    if render.use_border and render.use_crop_to_border:
        found.append(("crop", []))
    views = views_of(render)
    if len(views) > MOST_VIEWS:
        found.append(("views", views))
    return [{"what": what, "names": names[:MOST]} for what, names in found]


def views(scene):
    """Names of the scene's views that come back; none where it is rendered as it is seen."""
    names = views_of(scene.render)
    return names if len(names) <= MOST_VIEWS else []


def sounds(scene):
    names = [strip.name for strip in strips_of(scene) if strip.type == "SOUND" and not strip.mute]
    names += [thing.name for thing in scene.objects if thing.type == "SPEAKER" and not thing.data.muted]
    return names[:MOST]


def passes(scene):
    names = []
    for layer in scene.view_layers:
        if layer.use:
            names += [name[len("use_pass_"):] for name in dir(layer) if name.startswith("use_pass_") and getattr(layer, name)]
    return sorted(set(names))


def compositor(scene):
    if not (getattr(scene, "use_nodes", False) or getattr(scene, "compositing_node_group", None)):
        return None
    return getattr(scene, "compositing_node_group", None) or getattr(scene, "node_tree", None)


def file_output_nodes(scene):
    def within(tree, seen):
        if tree is None or tree.name in seen:
            return
        seen.add(tree.name)
        for node in tree.nodes:
            if node.mute:
                continue
            if node.type == "OUTPUT_FILE":
                yield node.label or node.name
            elif node.type == "GROUP":
                yield from within(node.node_tree, seen)

    return list(within(compositor(scene), set()))


def simulations(scene):
    """What moves by a simulation whose frames are not stored: rendered alone, a frame of it is not right."""
    found = []
    world = scene.rigidbody_world
    if world is not None and world.enabled and not world.point_cache.is_baked:
        found += [("rigid body", thing.name) for thing in bodies(world)]
    for thing in scene.objects:
        if thing.hide_render:
            continue
        for modifier in thing.modifiers:
            if modifier.show_render and unbaked(modifier):
                found.append((modifier.type.replace("_", " ").lower(), thing.name))
        for system in thing.particle_systems:
            settings = system.settings
            moves = settings.type == "EMITTER" and settings.physics_type not in {"NO", "KEYED"}
            dynamic = settings.type == "HAIR" and system.use_hair_dynamics
            if (moves or dynamic) and not system.point_cache.is_baked:
                found.append(("hair" if dynamic else "particles", thing.name))
    return [{"type": kind, "object": name} for kind, name in found[:MOST]]


def bodies(world):
    collection = world.collection
    things = collection.objects if collection else []
    return [it for it in things if it.rigid_body and it.rigid_body.type == "ACTIVE" and it.rigid_body.enabled]


def unbaked(modifier):
    if modifier.type in {"CLOTH", "SOFT_BODY"}:
        return not modifier.point_cache.is_baked
    if modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings:
        return any(not surface.point_cache.is_baked for surface in modifier.canvas_settings.canvas_surfaces)
    if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
        return not modifier.domain_settings.has_cache_baked_data
    if modifier.type == "NODES" and modifier.node_group:
        return any(node.type == "SIMULATION_OUTPUT" for node in modifier.node_group.nodes)
    return False


def drivers():
    """Names of what is driven by Python: Blender evaluates simple arithmetic by itself, and the rest only with scripts."""
    names = []
    for block in blocks():
        data = getattr(block, "animation_data", None)
        if data and any(needs_python(curve.driver) for curve in data.drivers):
            names.append(getattr(block, "name_full", block.name))
    return names[: MOST * 10]


def needs_python(driver):
    return driver.type == "SCRIPTED" and driver.expression != "" and not driver.is_simple_expression


def blocks():
    for name in bpy.data.bl_rna.properties.keys():
        collection = getattr(bpy.data, name, None)
        if not isinstance(collection, bpy.types.bpy_prop_collection):
            continue
        for block in collection:
            yield block
            # Materials, worlds, lights and scenes own the trees in which their nodes are driven.
            tree = getattr(block, "node_tree", None)
            if tree is not None:
                yield tree
