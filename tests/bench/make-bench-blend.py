"""Makes N equal .blend files that differ in one property, so that no run profits from the one before:
blender -b --factory-startup --python make-bench-blend.py -- FOLDER COUNT SAMPLES"""
import os
import sys

import bpy

folder, count, samples = sys.argv[sys.argv.index("--") + 1 :]
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = int(samples)
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 160, 90
scene.render.resolution_percentage = 100
scene.frame_start, scene.frame_end = 1, 100
cube = bpy.data.objects["Cube"]
cube.keyframe_insert("rotation_euler", frame=1)
cube.rotation_euler = (0, 0, 6)
cube.keyframe_insert("rotation_euler", frame=100)
for number in range(int(count)):
    scene["run"] = number
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, f"bench-{samples}-{number}.blend"))
