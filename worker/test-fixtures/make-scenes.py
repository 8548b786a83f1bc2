"""Makes the .blend files of the worker's tests: blender -b --factory-startup --python make-scenes.py -- FOLDER"""

import os
import sys

import bpy

folder = sys.argv[-1]


def fresh():
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 2
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 64, 36, 100
    scene.frame_start, scene.frame_end = 1, 20
    scene.render.image_settings.file_format = "PNG"
    cube = bpy.data.objects["Cube"]
    for frame, x in ((-9, -1.0), (1, 0.0), (20, 3.0)):
        cube.location.x = x
        cube.keyframe_insert("location", frame=frame)
    return scene


def save(name, **options):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name), **options)


def with_script(name, lines):
    fresh()
    text = bpy.data.texts.new("boot.py")
    text.write("\n".join(lines) + "\n")
    text.use_module = True
    save(name)


scene = fresh()
second = bpy.data.scenes.new("Second")
second.frame_start, second.frame_end, second.frame_step = 3, 9, 2
second.render.fps, second.render.fps_base = 30, 1.001
for name in ("Wide", "Close"):
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    camera.location.z = 12 if name == "Wide" else 3
    second.collection.objects.link(camera)
second.camera = second.objects["Wide"]
for name in ("Cube", "Light"):
    second.collection.objects.link(bpy.data.objects[name])
save("quick.blend")
save("zstd.blend", compress=True)

fresh()
bpy.data.objects.remove(bpy.data.objects["Camera"])
save("no-camera.blend")

# Everything that could send the frame elsewhere, or change its size.
scene = fresh()
scene.render.image_settings.file_format = "FFMPEG"
scene.render.filepath = "/nonexistent/folder/movie"
scene.render.use_border = scene.render.use_crop_to_border = True
scene.render.border_max_x = scene.render.border_max_y = 0.5
scene.render.use_stamp = True
scene.render.use_multiview = True
scene.use_nodes = True
node = scene.node_tree.nodes.new("CompositorNodeOutputFile")
node.base_path = os.path.join(folder, "stray")
scene.node_tree.links.new(scene.node_tree.nodes["Render Layers"].outputs[0], node.inputs[0])
save("awkward.blend")

scene = fresh()
for name, there in (("here.png", True), ("gone.png", False)):
    image = bpy.data.images.new(name, 4, 4)
    image.filepath_raw = os.path.join(folder, name)
    image.file_format = "PNG"
    image.save()
    image.source = "FILE"
    image.use_fake_user = True
    image.filepath = "//" + name
bpy.data.sounds.load(os.path.join(folder, "here.png")).filepath = "//voice.wav"
bpy.data.sounds[0].use_fake_user = True
nodes = bpy.data.materials["Material"].node_tree.nodes
profile = nodes.new("ShaderNodeTexIES")
profile.mode, profile.filepath = "EXTERNAL", "//lamp.ies"
with bpy.data.libraries.load(os.path.join(folder, "no-camera.blend"), link=True) as (there, here):
    here.worlds = there.worlds  # type: ignore[attr-defined]  # what Blender hands over is no bool
scene.world = bpy.data.worlds[-1]
bpy.data.libraries[0].filepath = "//no-camera.blend"
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, "linked.blend"))
os.makedirs(os.path.join(folder, "alone"))
bpy.data.images["here.png"].save(filepath=os.path.join(folder, "alone", "here.png"))
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, "alone", "missing.blend"), relative_remap=False)

with_script("raises.blend", ["raise ValueError('the rig is broken')"])
with_script("exits.blend", ["import sys", "sys.exit(0)"])
with_script("loops.blend", ["while True: pass"])
with_script(
    "handler-raises.blend",
    ["import bpy", "def handler(*_): bpy.ops.object.select_all(action='bone')", "bpy.app.handlers.frame_change_pre.append(handler)"],
)
with_script(
    "crashes-later.blend",
    [
        "import bpy, os, signal",
        "seen = set()",
        "def handler(scene, *_):",
        "    seen.add(scene.frame_current)",
        "    if seen >= {2, 3} or 13 in seen:",
        "        os.kill(os.getpid(), signal.SIGSEGV)",
        "bpy.app.handlers.frame_change_pre.append(handler)",
    ],
)
with_script(
    "prints.blend",
    [
        "import bpy, os, sys",
        "def handler(*_):",
        "    for reply in ('{\"id\": 1, \"ok\": true}', '{\"id\": 2, \"ok\": true, \"ms\": 1, \"rss\": 1, \"result\": {}}'):",
        "        print(reply)",
        "        os.write(1, (reply + chr(10)).encode())",
        "        os.write(2, (reply + chr(10)).encode())",
        "    sys.stdout.write('no end of line ' * 100000)",
        "    for i in range(200000): print('flood', i)",
        "    print('Fra:1 Mem:1M (Peak 1M) | Time:00:00.01 | Sample 999/1000')",
        "    print('half a line', end='')",
        "bpy.app.handlers.render_pre.append(handler)",
    ],
)
# Tells what it gets hold of, by raising: the message is the chunk's.
clone = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "package.json")
secret = os.path.join(os.path.dirname(folder), "secret")
with_script(
    "escapes.blend",
    [
        "import bpy, os, socket, subprocess",
        "got = []",
        "for path in ['%s', '/etc/shadow', '/root', '/home', '/var', '%s', '/proc/1/root/etc/shadow']:" % (secret, clone),
        "    try:",
        "        if os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1): got.append(path)",
        "    except OSError: pass",
        "try:",
        "    blend = bpy.data.filepath",
        "    open(blend, 'ab').write(b'x'); got.append('its own input')",
        "except OSError: pass",
        "names = [name for _, name in socket.if_nameindex()]",
        "if names != ['lo']: got.append('network %s' % names)",
        "for host in ('192.0.2.1', '127.0.0.1'):",
        "    try: socket.create_connection((host, 22), 2)",
        "    except ConnectionRefusedError:",
        "        if host != '127.0.0.1': got.append(host)",
        "    except OSError as error:",
        "        if error.errno != 101: got.append('%s: %s' % (host, error))",
        "    else: got.append(host)",
        "tokens = subprocess.run('cat /proc/[0-9]*/environ', shell=True, capture_output=True).stdout",
        "if b'PILOT_TOKEN' in tokens: got.append('the token')",
        "if os.getppid() != 1: got.append('pid %d of %d' % (os.getpid(), os.getppid()))",
        "if got: raise ValueError('got ' + ', '.join(got))",
    ],
)
with_script(
    "starts-sleep.blend",
    ["import subprocess", "subprocess.Popen(['sleep', '4321'])", "while True: pass"],
)
