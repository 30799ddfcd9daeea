#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One client that writes to images as Glance does, at a steady pace, until SIGTERM.

    /usr/bin/python3 bench/writer.py DATABASE IMAGES NUMBER LOG

Which server is meant stands in the environment (tests/servers/databases.py). A process of its own, so that no
interpreter's lock is waited for instead of the server's. LOG gets a line for each write, when it began and when it
had ended, in seconds of the machine's monotonic clock; FAILED in front if the server refused it.
"""

import contextlib
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tests' / 'servers'))

import databases  # noqa: E402  (found by the line above)
import sites  # noqa: E402

PER_SECOND = 50
# A save in Glance writes the image's row; now and then one adds a property.
PROPERTY_EVERY = 10
SAVE = "UPDATE images SET name = %s, min_ram = %s, updated_at = %s WHERE id = %s AND status = 'active'"
ADD_PROPERTY = ('INSERT INTO image_properties (image_id, name, value, created_at, deleted)'
                ' VALUES (%s, %s, %s, %s, %s)')


def main():
    name, images, number, log = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    going = True

    def stop(*_):
        nonlocal going
        going = False
    signal.signal(signal.SIGTERM, stop)
    generator = random.Random(number)
    lines = []
    written = 0
    with contextlib.closing(databases.connect(name)) as connection, connection.cursor() as cursor:
        pathlib.Path(log).touch()  # connected, and about to begin
        next_at = time.monotonic() + generator.random() / PER_SECOND
        while going:
            time.sleep(max(0, next_at - time.monotonic()))
            # After a stall the pace goes on from there: nothing is made up for.
            next_at = max(next_at + 1 / PER_SECOND, time.monotonic())
            written += 1
            image = sites.image_id(generator.randint(1, images))
            moment = time.strftime('%Y-%m-%d %H:%M:%S')
            began = time.monotonic()
            mark = ''
            try:
                if written % PROPERTY_EVERY:
                    cursor.execute(SAVE, ('renamed %d' % written, written, moment, image))
                else:
                    cursor.execute(ADD_PROPERTY, (image, 'bench-%d-%d' % (number, written), 'x', moment, False))
            except (databases.driver().Error,) as error:
                mark = 'FAILED %s ' % type(error).__name__
            lines.append('%s%.6f %.6f\n' % (mark, began, time.monotonic()))
    pathlib.Path(log).write_text(''.join(lines))


if __name__ == '__main__':
    main()
