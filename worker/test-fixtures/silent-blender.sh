#!/bin/sh
# Stands in for a Blender that has started and never says anything, but prints noise that is no progress.
while :; do
  echo 'still here' >&2
  sleep 0.02
done
