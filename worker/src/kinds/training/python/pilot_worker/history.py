"""What a script reported, thinned out, each with how far the chunk was."""

MOST = 256


class History:
    def __init__(self):
        self.at = 0.0
        self._points = []  # [at, values]; every `_every`th of all
        self._every = 1
        self._seen = 0
        self._before = 0  # epochs of the loops that are over
        self._epoch = None  # index, count
        self._in_epoch = 0
        self._usual = None  # reports in the epoch before: tells how far into this one a report is
        self._told = False
        self._share = 0.0  # of the epoch under way that pilot.batches says is done

    def epoch(self, index, count):
        if self._epoch is not None:
            self._settle_first()
            self._usual = self._in_epoch
            if index == 0:
                self._make_room(count)
        self._epoch = (index, count)
        self._in_epoch = 0
        self._share = 0.0
        self._told = True
        self.at = self._place(index)

    def step(self, share):
        self._share = share

    def shown(self, usual):
        """How far the chunk is. While the first epoch lasts, by its steps, or by its reports: `usual` of them, the
        steps that its rows make, count as three quarters, since nobody knows how many there will be."""
        if self._epoch is None or self._epoch[0] >= self._epoch[1]:
            return self.at
        guess = 1 - 0.25 ** (self._in_epoch / usual) if self._usual is None and usual else 0
        return max(self.at, self._place(self._epoch[0] + max(self._share, guess)))

    def report(self, fraction, values):
        self._in_epoch += 1
        at = self.at
        if fraction is not None:
            self._told = True
            at = self.at = fraction
        elif self._epoch is not None and self._epoch[0] < self._epoch[1]:
            if self._usual is None:
                at = None  # nobody knows yet how many the first epoch will have
            else:
                at = self.at = self._place(self._epoch[0] + min(1, self._in_epoch / max(1, self._usual)))
        self._add([at, values])

    def points(self):
        """At most 256. The newest is always among them."""
        self._settle_first()
        if not self._told:
            for index, point in enumerate(self._points):
                point[0] = (index + 1) / len(self._points)
        points = self._points
        if len(points) > MOST:
            step = (len(points) - 1) / (MOST - 1)
            points = [points[round(index * step)] for index in range(MOST)]
        return [{"at": at, "values": values} for at, values in points]

    def state(self):
        """All of it after an epoch, as JSON has it; see `restore`."""
        self._settle_first()
        return [self.at, self._points, self._every, self._seen, self._before, self._epoch, self._in_epoch]

    def restore(self, state):
        self.at, self._points, self._every, self._seen, self._before, epoch, self._in_epoch = state
        self._epoch = tuple(epoch)
        self._usual = None
        self._told = True
        self._share = 0.0

    def _add(self, point):
        # The newest stands in the last place until one that is kept takes it.
        if self._seen > 0 and (self._seen - 1) % self._every != 0:
            self._points.pop()
        self._points.append(point)
        self._seen += 1
        if len(self._points) == 4 * MOST:
            self._points = self._points[::2] + [point]
            self._every *= 2

    def _place(self, epochs):
        """How far a loop that has come so far is, among all loops that were begun."""
        return (self._before + epochs) / (self._before + self._epoch[1])

    def _make_room(self, count):
        """Another loop begins: what came before becomes the part of the whole that it turns out to be."""
        self._before += self._epoch[1]
        for point in self._points:
            point[0] *= self._before / (self._before + count)
        self._usual = None

    def _settle_first(self):
        """Spreads the points of the first epoch over it."""
        first = [point for point in self._points if point[0] is None]
        for index, point in enumerate(first):
            point[0] = self._place((index + 1) / len(first))
