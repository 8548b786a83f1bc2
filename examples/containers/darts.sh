#!/bin/sh
# Throws darts at a square and counts those in the circle: an estimate of pi, in nothing but awk.
awk -v seed="$1" 'BEGIN {
  srand(seed)
  for (n = 0; n < 100000; n++) { x = rand(); y = rand(); if (x * x + y * y <= 1) inside++ }
  print "inside,pi"
  print inside "," 4 * inside / n
}' > pi.csv
