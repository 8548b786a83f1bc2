"""Makes the bundled sample: two planes in parallel flight over a small planet, a loop of 48 frames.

    blender -b --factory-startup --python make-sample.py -- orbit.blend    (Blender 3.4 to 4.x)

It is arranged to look clean with few samples and no denoiser: diffuse light comes from a sky of one colour that
is not sampled as a lamp, from suns, and from nothing small that glows. The planet looks the same after a third
of a turn, so that a third of a turn closes the loop.
"""

import math
import random
import sys

import bmesh
import bpy
from mathutils import Matrix, Vector, noise

FRAMES = 48
SYMMETRY = 3
SEA = 1.0


def main(path):
    random.seed(11)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    set_output(scene)
    make_sky(scene)
    make_lights()
    make_planet()
    make_clouds()
    make_stars()
    make_moon()
    make_plane("Red", (-0.62, -1.7, 0.62), 0.4, rgb("d8412f"), rgb("f6efe2"), phase=0.0)
    make_plane("Blue", (0.62, -1.75, 0.02), 0.4, rgb("2f7fd8"), rgb("ffc93c"), phase=0.45)
    make_camera(scene)
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=True)


# --- the scene's frame ---------------------------------------------------------------------------------------


def set_output(scene):
    scene.name = "Orbit"
    scene.frame_start, scene.frame_end = 1, FRAMES
    render = scene.render
    render.engine = "CYCLES"
    render.fps = 24
    render.resolution_x, render.resolution_y, render.resolution_percentage = 640, 360, 100
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    render.filepath = "//out/"
    render.use_persistent_data = True
    cycles = scene.cycles
    cycles.samples = 20
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    cycles.max_bounces = 3
    cycles.diffuse_bounces = 1
    cycles.glossy_bounces = 2
    cycles.transmission_bounces = 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 2
    cycles.blur_glossy = 0.5
    scene.view_settings.view_transform = "Standard"


def make_sky(scene):
    """The camera sees a dusk gradient; diffuse surfaces see one colour, which costs no noise; shiny ones a horizon."""
    world = scene.world = bpy.data.worlds.new("Dusk")
    world.use_nodes = True
    world.cycles.sampling_method = "NONE"
    tree = world.node_tree
    tree.nodes.clear()
    add, link = tree.nodes.new, tree.links.new
    window = add("ShaderNodeTexCoord")
    split = add("ShaderNodeSeparateXYZ")
    link(window.outputs["Window"], split.inputs[0])
    seen = ramp(tree, [(0.0, rgb("f7b58a")), (0.28, rgb("d9698c")), (0.6, rgb("5b3f8c")), (1.0, rgb("171a45"))])
    link(split.outputs["Y"], seen.inputs[0])
    direction = add("ShaderNodeSeparateXYZ")
    link(window.outputs["Generated"], direction.inputs[0])
    up = add("ShaderNodeMapRange")
    up.inputs["From Min"].default_value = -1
    link(direction.outputs["Z"], up.inputs[0])
    mirrored = ramp(tree, [(0.0, rgb("3a2a66")), (0.5, rgb("ff9e7a")), (0.62, rgb("ffe9d0")), (1.0, rgb("7fa8ff"))])
    link(up.outputs[0], mirrored.inputs[0])
    path = add("ShaderNodeLightPath")
    ambient = add("ShaderNodeMixRGB")
    ambient.inputs[1].default_value = (*rgb("8f9fe8"), 1)
    link(path.outputs["Is Glossy Ray"], ambient.inputs[0])
    link(mirrored.outputs[0], ambient.inputs[2])
    final = add("ShaderNodeMixRGB")
    link(path.outputs["Is Camera Ray"], final.inputs[0])
    link(ambient.outputs[0], final.inputs[1])
    link(seen.outputs[0], final.inputs[2])
    background = add("ShaderNodeBackground")
    link(final.outputs[0], background.inputs[0])
    link(background.outputs[0], add("ShaderNodeOutputWorld").inputs[0])


def make_lights():
    sun("Sun", (-0.62, -0.62, 0.75), 3.6, rgb("ffd9a8"), angle=3)
    sun("Rim", (0.9, 0.75, 0.25), 2.2, rgb("ff6fa8"), angle=3)


def sun(name, towards, strength, colour, angle):
    data = bpy.data.lights.new(name, "SUN")
    data.energy, data.color, data.angle = strength, colour, math.radians(angle)
    lamp = place(name, data)
    lamp.rotation_euler = Vector(towards).to_track_quat("Z", "Y").to_euler()


def make_camera(scene):
    data = bpy.data.cameras.new("Camera")
    data.lens = 56
    camera = scene.camera = place("Camera", data)
    target = Vector((0.1, 0, 0.03))
    for frame in range(1, FRAMES + 2, 4):
        turn = math.tau * (frame - 1) / FRAMES
        camera.location = Vector((0.12 * math.sin(turn), -7.15, 1.6 + 0.06 * math.cos(turn)))
        camera.rotation_euler = (target - camera.location).to_track_quat("-Z", "Y").to_euler()
        camera.keyframe_insert("location", frame=frame)
        camera.keyframe_insert("rotation_euler", frame=frame)


# --- the planet ----------------------------------------------------------------------------------------------


def make_planet():
    tilt = place("Planet tilt", None)
    tilt.rotation_euler = (math.radians(16), math.radians(-14), 0)
    planet = place("Planet", None, tilt)
    spin(planet, -math.tau / SYMMETRY)
    place("Land", land_mesh(), planet)
    place("Sea", sea_mesh(), planet)
    place("Forest", forest_mesh(), planet)
    place("Villages", village_mesh(), planet)


def height(direction):
    """Radius of the ground in this direction: alike after each turn of 1 / SYMMETRY around the axis."""
    total = 0.0
    for turn in range(SYMMETRY):
        point = Matrix.Rotation(math.tau * turn / SYMMETRY, 3, "Z") @ direction
        total += noise.fractal(point * 1.55 + Vector((3.1, 7.7, 1.3)), 0.9, 2.1, 5)
    raised = total / SYMMETRY
    return 1.002 + 0.30 * raised + (0.55 * (raised - 0.22) if raised > 0.22 else 0.0)


def land_mesh():
    mesh = sphere_mesh("Land", 5, lambda direction: direction * height(direction), smooth=False)
    paint(mesh, lambda centre: land_colour(centre.length, centre.normalized()))
    mesh.materials.append(painted("Ground", roughness=0.9))
    return mesh


def land_colour(radius, direction):
    patch = 0.5 + 0.5 * symmetric_noise(direction * 5.0)
    if radius < SEA + 0.012:
        return mix(rgb("f3d9a0"), rgb("e8c585"), patch)
    if radius < SEA + 0.085:
        return mix(rgb("7cc253"), rgb("4f9e45"), patch)
    if radius < SEA + 0.135:
        return mix(rgb("3f8a4a"), rgb("5a7d52"), patch)
    if radius < SEA + 0.185:
        return mix(rgb("8d7a73"), rgb("a8958a"), patch)
    return rgb("fbf7f5")


def sea_mesh():
    mesh = sphere_mesh("Sea", 5, lambda direction: direction * SEA, smooth=True)
    paint(mesh, lambda centre: sea_colour(SEA - height(centre.normalized())), at_points=True)
    mesh.materials.append(painted("Water", roughness=0.3, specular=0.22))
    return mesh


def sea_colour(depth):
    if depth < 0.02:
        return mix(rgb("bdf0e2"), rgb("5ad0d0"), max(depth, 0) / 0.02)
    return mix(rgb("5ad0d0"), rgb("1d62b8"), min((depth - 0.02) / 0.09, 1))


def symmetric_noise(point):
    turns = (Matrix.Rotation(math.tau * turn / SYMMETRY, 3, "Z") for turn in range(SYMMETRY))
    return sum(noise.noise(turn @ point) for turn in turns) / SYMMETRY


def forest_mesh():
    shape = Shape("Forest")
    leaves = [shape.material(plain(f"Leaves {i}", rgb(c))) for i, c in enumerate(["2f7d46", "3f9650", "276b4a"])]
    trunk = shape.material(plain("Trunk", rgb("6b4a35")))
    for direction, ground in spots(150, SEA + 0.03, SEA + 0.13):
        size = random.uniform(0.04, 0.065)
        green = random.choice(leaves)
        for frame in around(direction, ground):
            shape.cone(frame, 0.18 * size, 0.18 * size, 0.0, 0.45 * size, 5, trunk)
            shape.cone(frame, 0.55 * size, 0.0, 0.35 * size, 1.15 * size, 7, green)
            shape.cone(frame, 0.42 * size, 0.0, 0.85 * size, 1.65 * size, 7, green)
    return shape.mesh()


def village_mesh():
    shape = Shape("Villages")
    wall = shape.material(plain("Wall", rgb("fbeedd")))
    roofs = [shape.material(plain(f"Roof {i}", rgb(c))) for i, c in enumerate(["d9573f", "e8893f"])]
    for direction, ground in spots(16, SEA + 0.012, SEA + 0.05):
        size = random.uniform(0.026, 0.036)
        roof = random.choice(roofs)
        for frame in around(direction, ground):
            shape.cone(frame, size, size, -0.3 * size, 1.0 * size, 4, wall)
            shape.cone(frame, 1.3 * size, 0.0, 1.0 * size, 1.9 * size, 4, roof)
    return shape.mesh()


def spots(count, lowest, highest):
    """Random places of one sector whose ground lies between the two heights, away from the poles."""
    found = []
    for _ in range(count * 60):
        if len(found) == count:
            break
        angle = random.uniform(0, math.tau / SYMMETRY)
        z = random.uniform(-0.85, 0.92)
        flat = math.sqrt(1 - z * z)
        direction = Vector((flat * math.cos(angle), flat * math.sin(angle), z))
        ground = height(direction)
        if lowest < ground < highest and all((direction - other).length > 0.045 for other, _ in found):
            found.append((direction, ground))
    return found


def around(direction, ground):
    """The frames, z up from the ground, of this place in each of the sectors."""
    twist = Matrix.Rotation(random.uniform(0, math.tau), 4, "Z")
    upright = Matrix.Translation(direction * (ground - 0.004)) @ direction.to_track_quat("Z", "Y").to_matrix().to_4x4()
    return [Matrix.Rotation(math.tau * turn / SYMMETRY, 4, "Z") @ upright @ twist for turn in range(SYMMETRY)]


# --- what floats ---------------------------------------------------------------------------------------------


def make_clouds():
    """Four alike groups, moving a quarter of a turn in the time the planet makes a third: they lag behind it."""
    tilt = place("Cloud tilt", None)
    tilt.rotation_euler = (math.radians(16), math.radians(-14), 0)
    carrier = place("Clouds", None, tilt)
    spin(carrier, -math.tau / 4)
    puffs = [(0.2, 0.62, 1.24, 0.10), (0.95, -0.42, 1.22, 0.085), (1.15, 0.2, 1.27, 0.07), (0.55, 0.05, 1.2, 0.05)]
    for quarter in range(4):
        for longitude, z, radius, size in puffs:
            cloud(carrier, longitude + quarter * math.tau / 4, z, radius, size)


def cloud(carrier, longitude, z, radius, size):
    shape = random.Random(round(z * 100))
    flat = math.sqrt(1 - z * z)
    for step in range(-2, 3):
        angle = longitude + step * size * 0.85 / flat
        direction = Vector((flat * math.cos(angle), flat * math.sin(angle), z + shape.uniform(-0.2, 0.2) * size))
        puff = place("Cloud", ball_mesh(), carrier)
        puff.location = direction * radius
        puff.rotation_euler = direction.to_track_quat("Z", "Y").to_euler()
        wide = size * (1.0 - 0.22 * abs(step)) * shape.uniform(0.9, 1.15)
        puff.scale = (wide, wide, wide * 0.72)


def make_stars():
    shape = Shape("Stars")
    glow = shape.material(glowing("Star", rgb("fff3d6"), 1.0))
    chance = random.Random(5)
    for _ in range(150):
        x, z = chance.uniform(-7.5, 7.5), chance.uniform(-0.5, 5.5)
        size = chance.choice([0.008, 0.011, 0.011, 0.018])
        shape.cone(Matrix.Translation((x, 9, z)), size, size, -size, size, 6, glow)
    place("Stars", shape.mesh())


def make_moon():
    moon = place("Moon", sphere_mesh("Moon", 3, lambda d: d * (1 + 0.05 * noise.noise(d * 2.5)), smooth=False))
    moon.data.materials.append(plain("Moon", rgb("f2dfc8")))
    moon.location, moon.scale = (2.3, 1.6, 1.02), (0.24, 0.24, 0.24)


# --- the planes ----------------------------------------------------------------------------------------------


def make_plane(name, position, size, colour, accent, phase):
    """Flies towards +x. It bobs and rolls once in the loop, its propeller turns many times, its puffs drift back."""
    plane = place(f"{name} plane", None)
    plane.scale = (size, size, size)
    for frame in range(1, FRAMES + 2, 4):
        turn = math.tau * ((frame - 1) / FRAMES + phase)
        plane.location = Vector(position) + Vector((0.03 * math.cos(turn), 0, 0.05 * math.sin(turn)))
        plane.rotation_euler = (
            math.radians(44 + 8 * math.sin(turn + 0.6)),
            math.radians(-7 - 4 * math.cos(turn)),
            math.radians(9),
        )
        plane.keyframe_insert("location", frame=frame)
        plane.keyframe_insert("rotation_euler", frame=frame)
    body_of(name, plane, colour, accent)
    propeller_of(name, plane)
    for puff in range(8):
        drift(name, plane, puff)


def body_of(name, plane, colour, accent):
    paint_of = lacquer(f"{name} lacquer", colour)
    trim = lacquer(f"{name} trim", accent)
    dark = lacquer("Glass", rgb("22304f"))

    def ball(part, material):
        return part_of(name, part, plane, material)

    ball("body", paint_of)((0, 0, 0), (0.62, 0.19, 0.2))
    ball("nose", trim)((0.46, 0, 0.0), (0.2, 0.155, 0.16))
    ball("cockpit", dark)((0.1, 0, 0.15), (0.2, 0.12, 0.13))
    ball("wing", trim)((0.1, 0, -0.03), (0.2, 0.9, 0.035))
    for side in (-1, 1):
        ball("wing tip", paint_of)((0.1, side * 0.74, -0.028), (0.185, 0.2, 0.042))
    ball("tail wing", trim)((-0.52, 0, 0.05), (0.12, 0.34, 0.03))
    ball("fin", paint_of)((-0.54, 0, 0.17), (0.13, 0.03, 0.19))
    ball("spinner", dark)((0.66, 0, 0), (0.07, 0.05, 0.05))


def part_of(name, part, plane, material):
    def put(location, scale):
        piece = place(f"{name} {part}", ball_mesh(), plane)
        piece.location, piece.scale = location, scale
        wear(piece, material)

    return put


def propeller_of(name, plane):
    cream = lacquer("Blade", rgb("fff4e0"))
    hub = place(f"{name} propeller", None, plane)
    hub.location = (0.69, 0, 0)
    for blade in range(3):
        piece = place(f"{name} blade", ball_mesh(), hub)
        wear(piece, cream)
        angle = math.tau * blade / 3
        piece.location = (0, 0.15 * math.cos(angle), 0.15 * math.sin(angle))
        piece.rotation_euler = (angle, 0, 0)
        piece.scale = (0.012, 0.16, 0.035)
    turn_steadily(hub, 0, math.tau * 7 / 3)


def drift(name, plane, slot):
    """One puff moves from its slot to the next in a quarter of the loop, and then starts there again, as the one behind it arrives."""
    cycle = FRAMES // 4
    puff = place(f"{name} puff", ball_mesh(), plane)
    for frame, where in ((1, slot), (1 + cycle, slot + 1)):
        puff.location = (-0.72 - 0.24 * where, 0, 0.03)
        grown = 0.15 * (1 - where / 8) if where > 0 else 0.04
        puff.scale = (grown, grown, grown)
        puff.keyframe_insert("location", frame=frame)
        puff.keyframe_insert("scale", frame=frame)
    for curve in puff.animation_data.action.fcurves:
        curve.modifiers.new("CYCLES")
        straighten(curve)


# --- small tools ---------------------------------------------------------------------------------------------


class Shape:
    """A mesh put together from cones."""

    def __init__(self, name):
        self.name, self.verts, self.faces, self.marks, self.materials = name, [], [], [], []

    def material(self, material):
        self.materials.append(material)
        return len(self.materials) - 1

    def cone(self, frame, low, high, bottom, top, corners, mark):
        """A cone, or with two radii a part of one, standing on z; four corners make a box or a pyramid."""
        start = len(self.verts)
        ring = [math.tau * corner / corners for corner in range(corners)]
        self.verts += [frame @ Vector((low * math.cos(a), low * math.sin(a), bottom)) for a in ring]
        if high > 0:
            self.verts += [frame @ Vector((high * math.cos(a), high * math.sin(a), top)) for a in ring]
            faces: list = [(i, (i + 1) % corners, corners + (i + 1) % corners, corners + i) for i in range(corners)]
            faces.append(tuple(range(corners, 2 * corners)))
        else:
            self.verts.append(frame @ Vector((0, 0, top)))
            faces = [(i, (i + 1) % corners, corners) for i in range(corners)]
        faces.append(tuple(reversed(range(corners))))
        self.faces += [tuple(start + i for i in face) for face in faces]
        self.marks += [mark] * len(faces)

    def mesh(self):
        mesh = bpy.data.meshes.new(self.name)
        mesh.from_pydata(self.verts, [], self.faces)
        for material in self.materials:
            mesh.materials.append(material)
        mesh.polygons.foreach_set("material_index", self.marks)
        return mesh


def sphere_mesh(name, subdivisions, shape, smooth):
    """A sphere of triangles with a symmetry of three turns around z, each point moved by `shape`."""
    built = bmesh.new()
    bmesh.ops.create_icosphere(built, subdivisions=subdivisions, radius=1)
    # A corner where five triangles meet points up; a triangle's middle has to, for three turns.
    middle = (Vector((0, 0, 1)) + neighbours_of_pole(0) + neighbours_of_pole(1)).normalized()
    upright = middle.rotation_difference(Vector((0, 0, 1))).to_matrix()
    for vert in built.verts:
        vert.co = shape((upright @ vert.co).normalized())
    mesh = bpy.data.meshes.new(name)
    built.to_mesh(mesh)
    built.free()
    mesh.polygons.foreach_set("use_smooth", [smooth] * len(mesh.polygons))
    return mesh


def ball_mesh():
    """The one smooth ball that clouds, puffs and planes are made of: white unless its object wears another material."""
    mesh = bpy.data.meshes.get("Ball")
    if mesh is None:
        mesh = sphere_mesh("Ball", 4, lambda direction: direction, smooth=True)
        mesh.materials.append(plain("Cloud", rgb("ffffff")))
    return mesh


def wear(thing, material):
    thing.material_slots[0].link = "OBJECT"
    thing.material_slots[0].material = material


def neighbours_of_pole(which):
    plain_one = bmesh.new()
    bmesh.ops.create_icosphere(plain_one, subdivisions=1, radius=1)
    ring = sorted((v.co.copy() for v in plain_one.verts if 0.2 < v.co.z < 0.9), key=lambda c: math.atan2(c.y, c.x))
    plain_one.free()
    return ring[which]


def paint(mesh, colour_at, at_points=False):
    if at_points:
        colours = mesh.color_attributes.new("Paint", "BYTE_COLOR", "POINT")
        for point, vertex in zip(colours.data, mesh.vertices):
            point.color = (*colour_at(vertex.co), 1)
        return
    colours = mesh.color_attributes.new("Paint", "BYTE_COLOR", "CORNER")
    for polygon in mesh.polygons:
        colour = (*colour_at(polygon.center), 1)
        for corner in polygon.loop_indices:
            colours.data[corner].color = colour


def plain(name, colour, roughness=0.95, specular=0.0):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Specular" if "Specular" in shader.inputs else "Specular IOR Level"].default_value = specular
    return material


def lacquer(name, colour):
    return plain(name, colour, roughness=0.12, specular=0.6)


def painted(name, roughness, specular=0.0):
    material = plain(name, (1, 1, 1), roughness, specular)
    tree = material.node_tree
    source = tree.nodes.new("ShaderNodeVertexColor")
    source.layer_name = "Paint"
    tree.links.new(source.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    return material


def glowing(name, colour, strength):
    """Seen, but not sampled as a light."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    material.cycles.sample_as_light = False
    tree = material.node_tree
    tree.nodes.clear()
    emission = tree.nodes.new("ShaderNodeEmission")
    emission.inputs[0].default_value, emission.inputs[1].default_value = (*colour, 1), strength
    tree.links.new(emission.outputs[0], tree.nodes.new("ShaderNodeOutputMaterial").inputs[0])
    return material


def ramp(tree, stops):
    node = tree.nodes.new("ShaderNodeValToRGB")
    elements = node.color_ramp.elements
    while len(elements) < len(stops):
        elements.new(0.5)
    for element, (position, colour) in zip(elements, stops):
        element.position, element.color = position, (*colour, 1)
    return node


def place(name, data, parent=None):
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    thing.parent = parent
    return thing


def spin(thing, angle):
    turn_steadily(thing, 2, angle)


def turn_steadily(thing, axis, angle):
    """Turns by `angle` in one loop; the frame after the last equals the first."""
    for frame, value in ((1, 0), (FRAMES + 1, angle)):
        thing.rotation_euler[axis] = value
        thing.keyframe_insert("rotation_euler", index=axis, frame=frame)
    for curve in thing.animation_data.action.fcurves:
        straighten(curve)


def straighten(curve):
    for point in curve.keyframe_points:
        point.interpolation = "LINEAR"


def mix(one, other, share):
    return tuple(a + (b - a) * share for a, b in zip(one, other))


def rgb(text):
    """Linear light of a web colour."""
    parts = (int(text[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


main(sys.argv[sys.argv.index("--") + 1])
