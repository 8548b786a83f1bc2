"""Makes the small .blend files of the end-to-end tests: blender -b --factory-startup --python make-blends.py -- FOLDER"""
import os
import sys

import bpy

folder = sys.argv[sys.argv.index("--") + 1]


def fresh(engine="CYCLES", frames=12, width=64, height=36, samples=2):
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    scene.render.engine = engine
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.frame_start, scene.frame_end = 1, frames
    scene.cycles.samples = samples
    scene.cycles.use_denoising = False
    cube = bpy.data.objects["Cube"]
    cube.rotation_euler = (0, 0, 0)
    cube.keyframe_insert("rotation_euler", frame=1)
    cube.rotation_euler = (0, 0, 3)
    cube.keyframe_insert("rotation_euler", frame=frames)
    return scene


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name), compress=False)


def text_block(code):
    text = bpy.data.texts.new("startup.py")
    text.write(code)
    text.use_module = True


fresh()
save("quick.blend")

fresh(frames=40, width=320, height=180, samples=24)
save("steady.blend")

scene = fresh()
bpy.data.objects.remove(bpy.data.objects["Camera"])
save("no-camera.blend")

scene = fresh()
image = bpy.data.images.new("Wood", 8, 8)
image.source = "FILE"
image.filepath = "//textures/wood.png"
material = bpy.data.objects["Cube"].data.materials[0]
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = image
material.node_tree.links.new(node.outputs[0], material.node_tree.nodes["Principled BSDF"].inputs[0])
save("missing-texture.blend")

scene = fresh(frames=2)
scene.cycles.use_denoising = True
save("denoise.blend")

scene = fresh(frames=2)
scene.render.image_settings.file_format = "FFMPEG"
scene.render.filepath = "/proc/nowhere/movie.mp4"
save("movie-output.blend")

scene = fresh(frames=2)
scene.render.filepath = "/proc/nowhere/frame_"
save("unwritable-output.blend")

fresh(engine="BLENDER_EEVEE", frames=2)
save("eevee.blend")

for name, code in {
    "script-raises": "raise RuntimeError('the rig is broken')\n",
    "script-exits": "import sys\nsys.exit(3)\n",
    "script-loops": "import time\nwhile True: time.sleep(1)\n",
}.items():
    fresh(frames=2)
    text_block(code)
    save(f"{name}.blend")
