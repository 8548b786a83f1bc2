import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { blenderKind } from './index.ts';
import { BRIDGE } from './session.ts';

test('of what Blender lists each card is one, by the number that its platform gives it', () => {
  const devices = [
    'CPU',
    'CUDA: RTX 4090',
    'CUDA: RTX 4090',
    'CUDA: GTX 980',
    'OPTIX: RTX 4090',
    'HIP: RX 7900',
  ];
  assert.deepEqual(blenderKind().gpus?.({ 'blender.devices': devices }), [
    { name: 'RTX 4090', device: 'cuda:0' },
    { name: 'RTX 4090', device: 'cuda:1' },
    { name: 'GTX 980', device: 'cuda:2' },
    { name: 'RX 7900', device: 'hip:0' },
  ]);
});

/** Cycles' preferences as they would be on a machine with these, where OptiX leaves out the oldest, which is the first. */
const MACHINE = `
import json, sys, types
sys.path.insert(0, sys.argv[1])
sys.modules["bpy"] = types.ModuleType("bpy")
from types import SimpleNamespace as It
sys.modules["bpy"].types = It(RenderSettings=It(bl_rna=It(properties={})))
import bridge_render
def device(kind, id): return It(type=kind, id=id, name=id, use=True)
ids = ["CUDA_GTX_0000:01:00", "CUDA_RTX_0000:02:00", "CUDA_RTX_0000:03:00"]
lists = {
  "CUDA": [device("CUDA", id) for id in ids] + [device("CPU", "CPU")],
  "OPTIX": [device("OPTIX", id + "_OptiX") for id in ids[1:]],
}
preferences = It(compute_device_type="NONE", get_devices_for_type=lambda kind: lists.get(kind))
context = It(preferences=It(addons={"cycles": It(preferences=preferences)}))
def chosen(cards):
  if not bridge_render.gpu_enabled(context, cards): return None
  kind = preferences.compute_device_type
  return [kind] + [it.id for it in lists[kind] if it.type == kind and it.use]
print(json.dumps([chosen(cards) for cards in json.loads(sys.argv[2])]))
`;

test('Cycles renders on the cards that the frame was given, and on no other', async () => {
  const given = [null, { cuda: [2] }, { cuda: [1, 2] }, { cuda: [0] }, { cuda: [] }, { cuda: [1] }];
  const { stdout } = await execa('/usr/bin/python3', ['-B', '-c', MACHINE, BRIDGE, JSON.stringify(given)]);
  assert.deepEqual(JSON.parse(stdout), [
    ['OPTIX', 'CUDA_RTX_0000:02:00_OptiX', 'CUDA_RTX_0000:03:00_OptiX'],
    ['OPTIX', 'CUDA_RTX_0000:03:00_OptiX'],
    ['OPTIX', 'CUDA_RTX_0000:02:00_OptiX', 'CUDA_RTX_0000:03:00_OptiX'],
    // OptiX does not know it, CUDA does.
    ['CUDA', 'CUDA_GTX_0000:01:00'],
    null,
    ['OPTIX', 'CUDA_RTX_0000:02:00_OptiX'],
  ]);
});
