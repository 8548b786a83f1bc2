#!/usr/bin/env node
// Stands in for a Blender that has started and never says anything, but prints noise that is no progress.
setInterval(() => console.error('still here'), 20);
