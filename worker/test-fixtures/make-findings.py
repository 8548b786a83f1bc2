"""Scenes of which more is to be said than what they render: blender -b --factory-startup --python make-findings.py -- FOLDER"""

import math
import os
import struct
import sys
import wave

import bpy

folder = sys.argv[-1]


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 36, 100
    scene.render.image_settings.file_format = "PNG"
    scene.frame_start, scene.frame_end = 1, 24
    bpy.ops.object.camera_add(location=(6, -6, 4), rotation=(1.1, 0, 0.785))
    scene.camera = bpy.context.object
    return scene


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name))


def picture(name):
    image = bpy.data.images.new(name, 4, 4)
    image.filepath_raw = os.path.join(folder, name)
    image.file_format = "PNG"
    image.save()
    bpy.data.images.remove(image)


# Cloth that falls on a ball, and a box that falls beside it.
scene = fresh()
bpy.ops.mesh.primitive_grid_add(x_subdivisions=12, y_subdivisions=12, size=2, location=(0, 0, 2))
bpy.context.object.name = "Towel"
bpy.context.object.modifiers.new("Cloth", "CLOTH")
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.6, location=(0, 0, 0.8))
bpy.context.object.modifiers.new("Collision", "COLLISION")
bpy.ops.rigidbody.world_add()
bpy.ops.mesh.primitive_cube_add(size=0.5, location=(1.5, 0, 2))
bpy.context.object.name = "Box"
bpy.ops.rigidbody.object_add()
save("simulated.blend")

# A driver that Blender evaluates by itself, and one that needs Python.
scene = fresh()
for name, expression in (("Plain", "frame * 2"), ("Python", "[frame][0] * 0.05")):
    bpy.ops.mesh.primitive_cube_add(size=1)
    bpy.context.object.name = name
    bpy.context.object.driver_add("location", 0).driver.expression = expression
save("driven.blend")

# A strip of colour, sound, and no camera.
scene = fresh()
bpy.data.objects.remove(scene.camera)
strips = scene.sequence_editor_create().sequences
strips.new_effect("Colour", "COLOR", 1, frame_start=1, frame_end=24).color = (1, 0, 0)
save("edited.blend")

# Markers that switch cameras, of which the first is the scene's own.
scene = fresh()
bpy.ops.mesh.primitive_cube_add(size=2)
first = scene.camera
first.name = "First"
bpy.ops.object.camera_add(location=(0, 0, 20))
bpy.context.object.name = "Above"
for frame, camera in ((1, first), (10, bpy.context.object)):
    scene.timeline_markers.new("cut", frame=frame).camera = camera
save("cuts.blend")

# All that does not come back.
scene = fresh()
render = scene.render
render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
scene.view_layers[0].use_pass_z = True
render.use_stamp = True
render.use_border = render.use_crop_to_border = True
render.use_multiview = True
scene.use_nodes = True
scene.node_tree.nodes.new("CompositorNodeOutputFile").label = "Masks"
muted = scene.node_tree.nodes.new("CompositorNodeOutputFile")
muted.mute = True
picture("voice.wav")
scene.sequence_editor_create().sequences.new_sound("Voice", os.path.join(folder, "voice.wav"), 1, 1)
save("generous.blend")

# Two views, a pass, a transfer of colours that is not the plain one, and a tone of two seconds.
scene = fresh()
bpy.ops.mesh.primitive_cube_add(size=2)
bpy.context.object.color = (0.9, 0.5, 0.1, 1)
scene.display.shading.color_type = "OBJECT"
scene.view_settings.view_transform, scene.view_settings.look = "Filmic", "High Contrast"
scene.view_settings.exposure = 1
scene.view_layers[0].use_pass_z = True
scene.camera.data.stereo.interocular_distance = 1
scene.render.use_multiview = True
with wave.open(os.path.join(folder, "tone.wav"), "wb") as tone:
    tone.setnchannels(1)
    tone.setsampwidth(2)
    tone.setframerate(8000)
    tone.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 3))) for i in range(16000)))
scene.sequence_editor_create().sequences.new_sound("Tone", os.path.join(folder, "tone.wav"), 1, 1)
scene.render.use_sequencer = False
save("rich.blend")

# Four pictures of a sequence, of which the second is not there; frame 5 on shows the last.
scene = fresh()
for number in (1, 3, 4):
    picture("wood_%03d.png" % number)
material = bpy.data.materials.new("Wood")
material.use_nodes = True
node = material.node_tree.nodes.new("ShaderNodeTexImage")
picture("wood_002.png")
node.image = bpy.data.images.load(os.path.join(folder, "wood_001.png"))
os.remove(os.path.join(folder, "wood_002.png"))
node.image.source = "SEQUENCE"
node.image.filepath = "//wood_001.png"
node.image_user.frame_duration, node.image_user.frame_start, node.image_user.frame_offset = 4, 1, 0
bpy.ops.mesh.primitive_cube_add(size=2)
bpy.context.object.data.materials.append(material)
save("sequence.blend")

# A script that raises after the picture was saved.
scene = fresh()
text = bpy.data.texts.new("after.py")
text.write("import bpy\ndef after(scene, *rest):\n    raise ValueError('too late')\nbpy.app.handlers.render_write.append(after)\n")
text.use_module = True
save("raises-late.blend")
