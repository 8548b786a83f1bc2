"""Makes a scene of the disc that was found; run by Blender."""

import os
import sys

import bpy
import numpy as np

model = np.load(sys.argv[sys.argv.index("--") + 1])
radius = float(max(0.05, -model["offset"][0] / min(-1e-6, model["slope"][0])) ** 0.5)

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
bpy.ops.mesh.primitive_cylinder_add(vertices=64, radius=radius, depth=0.1)
disc = bpy.context.object
disc.rotation_euler.x = 0.2
disc.keyframe_insert("rotation_euler", frame=1)
disc.rotation_euler.x = 1
disc.keyframe_insert("rotation_euler", frame=24)
bpy.ops.object.camera_add(location=(0, 0, 4))
scene.camera = bpy.context.object
scene.frame_start, scene.frame_end = 1, 24
scene.render.engine = "BLENDER_WORKBENCH"
scene.render.resolution_x, scene.render.resolution_y = 160, 160
bpy.ops.wm.save_as_mainfile(filepath=os.path.abspath("disc.blend"))
