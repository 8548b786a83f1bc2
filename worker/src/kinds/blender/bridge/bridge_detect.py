"""What this Blender can do on this machine, found by doing it."""

import os

import bpy

from bridge_render import denoiser_built


def detect(command, send):
    """Sends what is certain first: an engine without a graphics driver ends Blender instead of failing."""
    engines = []
    found = {"engines": engines, "denoiser": False, "devices": ["CPU"]}
    try:
        import _cycles

        engines.append("CYCLES")
        found["denoiser"] = denoiser_built() and hasattr(_cycles, "with_openimagedenoise")
        found["devices"] = devices()
    except ImportError:
        pass
    send({"event": "found", "found": found})

    scene = bpy.context.scene
    for thing in list(bpy.data.objects):
        if thing.type != "CAMERA":
            bpy.data.objects.remove(thing)
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.render.resolution_percentage = 100
    scene.render.filepath = os.path.join(command["folder"], "detect.png")
    scene.render.use_file_extension = False
    for engine in ("BLENDER_WORKBENCH", "BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"):
        if renders(scene, engine):
            engines.append(engine)
            send({"event": "found", "found": found})
    return found


def renders(scene, engine):
    path = scene.render.filepath
    if os.path.exists(path):
        os.remove(path)
    try:
        scene.render.engine = engine
        if "EEVEE" in engine:
            scene.eevee.taa_render_samples = 1
        bpy.ops.render.render(write_still=True)
    except (TypeError, RuntimeError):
        return False
    return os.path.exists(path) and os.path.getsize(path) > 0


def devices():
    """Such as "CPU", "CUDA: NVIDIA RTX 4090", which stands twice for two; the preferences know which back ends were built in."""
    names = ["CPU"]
    try:
        preferences = bpy.context.preferences.addons["cycles"].preferences
        for kind, label, _, _, *_ in preferences.get_device_types(bpy.context):
            if kind == "NONE":
                continue
            try:
                listed = preferences.get_devices_for_type(kind)
            except (ValueError, RuntimeError):
                continue
            for device in listed or ():
                if device.type == kind:
                    names.append("%s: %s" % (kind, device.name))
    except (KeyError, AttributeError):
        pass
    return names[:64]
