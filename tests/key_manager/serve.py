#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Serves keystone or barbican by wsgiref on loopback, until it is killed.

    serve.py keystone|barbican HOME PORT [CERTIFICATE KEY]
"""

import os
import ssl
import sys
import wsgiref.simple_server


def keystone(home):
    os.environ['OS_KEYSTONE_CONFIG_FILES'] = home + '/keystone.conf'
    sys.argv = ['keystone']
    from keystone.server import wsgi  # pylint: disable=import-outside-toplevel
    return wsgi.initialize_public_application()


def barbican(home):
    from barbican.common import config  # pylint: disable=import-outside-toplevel
    config.CONF(['--config-file', home + '/barbican.conf'], project='barbican')
    from paste import deploy  # pylint: disable=import-outside-toplevel
    return deploy.loadapp('config:' + home + '/paste.ini', name='main')


def main(name, home, port, *tls):
    application = {'keystone': keystone, 'barbican': barbican}[name](home)
    server = wsgiref.simple_server.make_server('127.0.0.1', int(port), application)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == '__main__':
    main(*sys.argv[1:])
