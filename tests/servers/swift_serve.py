#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one server of Swift in this process, until it is killed, with its files in a directory of our own.

    swift_serve.py proxy-server|account-server|container-server|object-server CONFIG_DIR CONFIG_FILE

The package's programs read /etc/swift/swift.conf, whatever the configuration says. This one reads
CONFIG_DIR/swift.conf.
"""

import json
import logging
import os
import sys


def tempauth(global_conf, **conf):
    """A paste.filter_factory: tempauth with an S3 access key that has no colon (s3_alias = KEY account:user). The
    driver of Glance splits the credentials of a row at colons, and tempauth's own access keys are account:user."""
    from swift.common.middleware import tempauth as module  # pylint: disable=import-outside-toplevel
    alias, _, user = conf.pop('s3_alias', '').partition(' ')
    make = module.filter_factory(global_conf, **conf)

    def filtered(app):
        auth = make(app)
        if alias:
            auth.users[alias] = auth.users[user.strip()]
        return auth
    return filtered


def log_requests(_global_conf, **conf):
    """A paste.filter_factory: a line of JSON in `file` for each request of a client."""
    def filtered(app):
        def answer(environ, start_response):
            entry = {'method': environ['REQUEST_METHOD'], 'path': environ['PATH_INFO'],
                     'query': environ.get('QUERY_STRING', ''), 'range': environ.get('HTTP_RANGE'),
                     'if_match': environ.get('HTTP_IF_MATCH'), 'x_newest': environ.get('HTTP_X_NEWEST')}

            def started(status, *rest):
                with open(conf['file'], 'a', encoding='utf-8') as file:
                    file.write(json.dumps({**entry, 'status': int(status.split()[0])}) + '\n')
                return start_response(status, *rest)
            return app(environ, started)
        return answer
    return filtered


def log_to_file(conf, name, _log_to_console, _log_route, _fmt, logger, _adapted):
    """A handler of log_custom_handlers: what Swift would send to syslog goes to the file of its own name."""
    handler = logging.FileHandler(os.path.join(conf['log_directory'], conf.get('log_name', name) + '.log'))
    handler.setFormatter(logging.Formatter('%(message)s'))
    logger.addHandler(handler)


def main(section, directory, config):
    # At the end, so that those above are found by name, and `swift` is the package and not swift.py beside this.
    sys.path.append(sys.path.pop(0))
    from swift.common import storage_policy, utils, wsgi  # pylint: disable=import-outside-toplevel
    utils.set_swift_dir(directory)
    storage_policy.reload_storage_policies()
    return wsgi.run_wsgi(config, section)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
