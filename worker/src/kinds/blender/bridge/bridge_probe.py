"""What is in the open file, as the worker's BlenderProbe."""

import bpy

from bridge_file import file_version, state
from bridge_missing import missing_files
from bridge_outcome import drivers, left_out, simulations, sounds, uses_sequencer, views
from bridge_render import WORKBENCH_SAMPLES

DEPTHS = ("8", "16", "32")


def remember():
    """Looks into the file as it was opened: a render changes its scenes, and a later job asks what the file says."""
    state["found"] = survey_file()


def probe(command):
    return state["found"]


def survey_file():
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
        "drivers": drivers(),
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
        "pixelAspect": render.pixel_aspect_x / render.pixel_aspect_y,
        "engine": render.engine,
        "samples": samples(scene),
        "format": image.file_format,
        "colorDepth": image.color_depth if image.color_depth in DEPTHS else None,
        "transparent": render.film_transparent,
        "denoise": render.engine == "CYCLES" and scene.cycles.use_denoising,
        "sequencer": uses_sequencer(scene),
        "simulations": simulations(scene),
        "views": views(scene),
        "sounds": sounds(scene),
        "left": left_out(scene),
    }


def samples(scene):
    if scene.render.engine == "CYCLES":
        return max(scene.cycles.samples, 1)
    if scene.render.engine.startswith("BLENDER_EEVEE"):
        return max(scene.eevee.taa_render_samples, 1)
    if scene.render.engine == "BLENDER_WORKBENCH":
        return WORKBENCH_SAMPLES.get(scene.display.render_aa)
    return None
