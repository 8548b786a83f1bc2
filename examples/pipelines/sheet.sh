#!/bin/sh
# sh sheet.sh frames.zip: writes sheet.html, a page with every frame and its name.
set -e
mkdir /tmp/frames
unzip -q "$1" -d /tmp/frames
{
  echo '<!doctype html><meta charset="utf-8"><title>Contact sheet</title>'
  echo '<style>body{display:flex;flex-wrap:wrap;gap:8px;background:#222;color:#ddd;font:14px sans-serif}'
  echo 'figure{margin:0}img{width:240px;display:block}</style>'
  find /tmp/frames -name '*.png' | sort | while read -r frame; do
    name=$(basename "$frame")
    echo "<figure><img alt=\"\" src=\"data:image/png;base64,$(base64 "$frame" | tr -d '\n')\"><figcaption>$name</figcaption></figure>"
  done
} > sheet.html
