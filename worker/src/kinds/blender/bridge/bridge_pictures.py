"""The files that a frame is saved in: its views, its layers, and what a screen shows of it."""

import os

import bpy


def change(thing, name, value):
    """Assigning an equal value would still tell Blender to evaluate the scene anew."""
    if getattr(thing, name, value) != value:
        setattr(thing, name, value)


def choose_picture(target, settings):
    image = target.image_settings
    layers = settings["format"] == "OPEN_EXR_MULTILAYER"
    change(image, "media_type", "MULTI_LAYER_IMAGE" if layers else "IMAGE")
    change(image, "file_format", settings["format"])
    change(image, "color_depth", settings["colorDepth"])
    if settings["format"] == "JPEG":
        if image.color_mode != "BW":
            change(image, "color_mode", "RGB")
    elif settings["transparent"] and not layers:
        change(image, "color_mode", "RGBA")
    change(image, "use_preview", False)
    choose_views(target, settings["views"])


def choose_views(target, names):
    """Each view in a file of its own: frame.png becomes frame_0.png, frame_1.png."""
    change(target, "use_multiview", len(names) > 0)
    if names:
        change(target.image_settings, "views_format", "INDIVIDUAL")
    for number, name in enumerate(names):
        change(target.views[name], "file_suffix", "_%d" % number)


def views_of(target):
    """Names of the views that Blender renders: stereo has left and right whatever other views are there."""
    if not target.use_multiview:
        return []
    views = target.stereo_views if target.views_format == "STEREO_3D" else target.views
    return [view.name for view in views if view.use]


def save_display(scene, path, transparent):
    """The picture that was just rendered as Blender shows it, through the view transform and look of the scene."""
    image = scene.render.image_settings
    names = ("media_type", "file_format", "color_mode", "color_depth")
    kept = [(name, getattr(image, name)) for name in names if hasattr(image, name)]
    result = next(it for it in bpy.data.images if it.type == "RENDER_RESULT")
    try:
        change(image, "media_type", "IMAGE")
        image.file_format = "PNG"
        image.color_depth = "8"
        if image.color_mode != "BW":
            image.color_mode = "RGBA" if transparent else "RGB"
        save_first_view(scene, result, path)
    finally:
        for name, value in kept:
            setattr(image, name, value)


def save_first_view(scene, result, path):
    """Of several views Blender saves each, and 3.4 then says that it could not."""
    stem, extension = os.path.splitext(path)
    views = [stem + "_%d" % number + extension for number in range(len(views_of(scene.render)))]
    try:
        result.save_render(path, scene=scene)
    except RuntimeError:
        if not views or not os.path.exists(views[0]):
            raise
    for number, view in enumerate(views):
        if os.path.exists(view):
            os.replace(view, path) if number == 0 else os.remove(view)


def decode(command):
    """Reads an image back with Blender itself, for formats that the worker cannot decode: one picture alone, as imbuf refuses layers."""
    import imbuf

    image = imbuf.load(command["path"])
    width, height = image.size
    image.free()
    return {"width": width, "height": height}
