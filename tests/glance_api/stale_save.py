#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What glance-api does between its reading of an image and its saving of it, with a command in between.

    /usr/bin/python3 stale_save.py CONFIG_FILE IMAGE_ID NAME COMMAND...

Reads the image by Glance's own repository, runs the command, and saves the image under the new name.
"""

import subprocess
import sys

from glance.common import config
from glance import context
from glance import db


def main(arguments):
    config_file, image_id, name, *command = arguments
    config.parse_args(args=[], default_config_files=[config_file])
    repository = db.ImageRepo(context.RequestContext(is_admin=True), db.get_api())
    image = repository.get(image_id)
    subprocess.run(command, check=True)
    image.name = name
    repository.save(image)


if __name__ == '__main__':
    main(sys.argv[1:])
