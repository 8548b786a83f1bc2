"""What a script reported, thinned out, each with how far the chunk was."""

MOST = 256


class History:
    def __init__(self):
        self.at = 0.0
        self._points = []  # [at, values]; every `_every`th of all
        self._every = 1
        self._seen = 0
        self._epoch = None  # index, count
        self._in_epoch = 0
        self._usual = None  # reports in the epoch before: tells how far into this one a report is
        self._told = False

    def epoch(self, index, count):
        if self._epoch is not None:
            self._settle_first()
            self._usual = self._in_epoch
        self._epoch = (index, count)
        self._in_epoch = 0
        self._told = True
        self.at = index / count

    def report(self, fraction, values):
        self._in_epoch += 1
        if fraction is not None:
            self._told = True
            self.at = fraction
        elif self._epoch is not None and self._epoch[0] < self._epoch[1]:
            index, count = self._epoch
            # Nobody knows how many the first epoch will have: its points are set right at its end.
            part = 0 if self._usual is None else min(1, self._in_epoch / max(1, self._usual))
            self.at = (index + part) / count
        self._add([self.at, values])

    def points(self):
        """At most 256. The newest is always among them."""
        if self._usual is None:
            self._settle_first()
        if not self._told:
            for index, point in enumerate(self._points):
                point[0] = (index + 1) / len(self._points)
        points = self._points
        if len(points) > MOST:
            step = (len(points) - 1) / (MOST - 1)
            points = [points[round(index * step)] for index in range(MOST)]
        return [{"at": at, "values": values} for at, values in points]

    def _add(self, point):
        # The newest stands in the last place until one that is kept takes it.
        if self._seen > 0 and (self._seen - 1) % self._every != 0:
            self._points.pop()
        self._points.append(point)
        self._seen += 1
        if len(self._points) == 4 * MOST:
            self._points = self._points[::2] + [point]
            self._every *= 2

    def _settle_first(self):
        """Spreads the points of the first epoch over it."""
        if self._usual is None and self._epoch is not None and self._epoch[0] == 0 and self._in_epoch > 0:
            first = [point for point in self._points if point[0] == 0]
            for index, point in enumerate(first):
                point[0] = (index + 1) / len(first) / self._epoch[1]
