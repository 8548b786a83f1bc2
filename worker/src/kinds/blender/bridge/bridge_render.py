"""Rendering one frame to one file, exactly as the farm decided it."""

import time

import bpy

from bridge_file import Refusal, errors, raise_script_error
from bridge_pictures import change, choose_picture, save_display

EEVEE = ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT")
WORKBENCH_SAMPLES = {"OFF": 1, "FXAA": 2, "5": 5, "8": 8, "11": 11, "16": 16, "32": 32}


def render(command):
    settings = command["settings"]
    scene = bpy.data.scenes.get(settings["scene"])
    if scene is None:
        raise Refusal("unknown-scene", 'The file has no scene named "%s".' % settings["scene"])
    choose_engine(scene, settings, command.get("cards"))
    choose_camera(scene, settings)
    choose_image(scene, settings)
    keep_off_the_disk(scene)
    leave_no_stamps(scene)
    change(scene.render, "filepath", command["output"])
    errors.clear()
    if settings["simulate"]:
        play(scene, command["frame"])
    scene.frame_current = command["frame"]
    if scene.frame_current != command["frame"]:
        raise Refusal("unexpected", "Blender has no frame %d." % command["frame"])
    change(scene, "frame_subframe", 0.0)
    started = time.monotonic()
    bpy.ops.render.render(write_still=True, scene=scene.name)
    seconds = time.monotonic() - started
    if command["display"] is not None:
        save_display(scene, command["display"], settings["transparent"])
    raise_script_error()
    return {"renderMs": seconds * 1000}


at = {}


def play(scene, frame):
    """Simulations go from frame to frame: none may be left out, and one that was passed needs a new beginning."""
    reached = at.get(scene.name, scene.frame_start - 1)
    begin = scene.frame_start if frame <= reached else reached + 1
    for step in range(begin, frame + 1):
        # A sign of life that reads as progress.
        print("Fra:%d Mem:0.00M | Playing frame %d" % (step, step))
        scene.frame_set(step)
    at[scene.name] = frame


def choose_engine(scene, settings, cards):
    wanted = settings["engine"]
    names = (wanted,) + tuple(name for name in EEVEE if wanted in EEVEE and name != wanted)
    for name in names:
        try:
            change(scene.render, "engine", name)
            break
        except TypeError:
            continue
    else:
        version = bpy.app.version_string.split(" ")[0]
        raise Refusal("engine-unavailable", "Blender %s has no engine %s." % (version, wanted))
    if wanted == "CYCLES":
        change(scene.cycles, "samples", settings["samples"])
        choose_denoising(scene, settings["denoise"])
        choose_device(scene, settings.get("device", "auto"), cards)
    elif wanted in EEVEE:
        change(scene.eevee, "taa_render_samples", settings["samples"])
    elif wanted == "BLENDER_WORKBENCH":
        change(scene.display, "render_aa", workbench_quality(settings["samples"]))


def workbench_quality(samples):
    """Workbench knows a few numbers of samples only: the nearest of them. The probe reports FXAA as 2."""
    return min(WORKBENCH_SAMPLES, key=lambda name: abs(WORKBENCH_SAMPLES[name] - samples))


def choose_device(scene, wanted, cards):
    """Factory settings name no GPU: a scene for the GPU takes the first kind that has one here, else the CPU."""
    if wanted != "auto":
        change(scene.cycles, "device", wanted.upper())
    if scene.cycles.device == "GPU" and not gpu_enabled(bpy.context, cards):
        if wanted == "gpu":
            raise Refusal("engine-unavailable", "This worker has no graphics card that Blender can compute on.")
        scene.cycles.device = "CPU"


def gpu_enabled(context, cards):
    """Turns on the cards that the frame may use, by their numbers on each platform; all where `cards` is None."""
    try:
        preferences = context.preferences.addons["cycles"].preferences
    except (KeyError, AttributeError):
        return False
    for kind in ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI"):
        try:
            devices = devices_of(preferences, kind)
            used = devices if cards is None else given(preferences, kind, devices, cards)
            if not used:
                continue
            change(preferences, "compute_device_type", kind)
            for device in devices:
                change(device, "use", device in used)
            return True
        except (TypeError, ValueError, RuntimeError):
            continue
    return False


def devices_of(preferences, kind):
    return [it for it in preferences.get_devices_for_type(kind) or () if it.type == kind]


def given(preferences, kind, devices, cards):
    """OptiX leaves out what is too old for it: its devices are known by their ids, which begin with CUDA's."""
    if kind == "OPTIX":
        ids = [it.id for it in given(preferences, "CUDA", devices_of(preferences, "CUDA"), cards)]
        return [it for it in devices if any(it.id.startswith(id) for id in ids)]
    numbers = cards.get(kind.lower(), ())
    return [it for number, it in enumerate(devices) if number in numbers]


def choose_denoising(scene, wanted):
    change(scene.cycles, "use_denoising", wanted)
    # Without OpenImageDenoise in the build its name is no value of this setting, and reading it gives "".
    if wanted and not denoiser_built() and scene.cycles.denoiser != "OPTIX":
        raise Refusal(
            "denoiser-unavailable",
            "The scene is to be denoised, and the Blender of this worker was built without OpenImageDenoise.",
        )


def denoiser_built():
    try:
        import _cycles

        return bool(getattr(_cycles, "with_openimagedenoise", True))
    except ImportError:
        return False


def choose_camera(scene, settings):
    wanted = settings["camera"]
    if wanted is None:
        return  # as the scene says: its own, or those that its markers switch to, or none
    camera = scene.objects.get(wanted)
    if camera is None or camera.type != "CAMERA":
        if not any(thing.type == "CAMERA" for thing in scene.objects):
            raise Refusal("no-camera", 'The scene "%s" has no camera.' % scene.name)
        raise Refusal("unknown-camera", 'The scene "%s" has no camera named "%s".' % (scene.name, wanted))
    # Markers switch cameras by themselves; someone who named a camera wants that one throughout.
    for marker in scene.timeline_markers:
        change(marker, "camera", None)
    change(scene, "camera", camera)


def choose_image(scene, settings):
    target = scene.render
    change(target, "resolution_x", settings["resolutionX"])
    change(target, "resolution_y", settings["resolutionY"])
    change(target, "resolution_percentage", settings["percentage"])
    # With cropping the size would follow from the border: every frame has the size that was asked for.
    change(target, "use_crop_to_border", False)
    change(target, "film_transparent", settings["transparent"])
    choose_rate(target, settings["fps"])

    choose_picture(target, settings)
    change(target, "use_file_extension", False)
    change(target, "use_overwrite", True)
    change(target, "use_placeholder", False)


def choose_rate(target, fps):
    if abs(target.fps / target.fps_base - fps) < 0.0005:
        return
    target.fps = max(1, round(fps))
    target.fps_base = target.fps / fps


def keep_off_the_disk(scene):
    """File Output nodes write wherever the author's machine had its folders; the farm takes the frame alone."""
    trees = [tree for tree in bpy.data.node_groups if tree.bl_idname == "CompositorNodeTree"]
    own = getattr(scene, "compositing_node_group", None) or getattr(scene, "node_tree", None)
    for tree in trees + ([own] if own else []):
        for node in tree.nodes:
            if node.type == "OUTPUT_FILE":
                change(node, "mute", True)


def leave_no_stamps(scene):
    """Dates and host names in a file would make equal pixels unequal bytes."""
    for name in STAMPS:
        change(scene.render, name, False)
    change(scene.render, "metadata_input", "SCENE")


STAMPS = [name for name in bpy.types.RenderSettings.bl_rna.properties.keys() if name.startswith("use_stamp")]
