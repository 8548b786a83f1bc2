"""The sound of a scene as one file."""

import bpy

from bridge_file import Refusal


def mix(command):
    """Mixes the sound of some frames, as Blender itself does for a movie."""
    scene = bpy.data.scenes.get(command["scene"])
    if scene is None:
        raise Refusal("unknown-scene", 'The file has no scene named "%s".' % command["scene"])
    kept = (scene.frame_start, scene.frame_end, scene.use_preview_range)
    bpy.context.window.scene = scene
    scene.use_preview_range = False
    scene.frame_start, scene.frame_end = command["first"], command["last"]
    try:
        bpy.ops.sound.mixdown(filepath=command["output"], container="FLAC", codec="FLAC", format="S16")
    finally:
        scene.frame_start, scene.frame_end, scene.use_preview_range = kept
    return {}
