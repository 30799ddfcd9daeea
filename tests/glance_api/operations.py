# SPDX-License-Identifier: Apache-2.0
"""What a client asks of Glance's API in the life of an image, each as a function that returns the image's id. After
each the image is looked at in the API and in the database; done with and without the guard both must be the same.

They are to cover each way on which Glance sets or clears a hash of its own accord.
"""

import contextlib
import hashlib
import http.server
import pathlib
import threading

DATA = b'the bytes of an image ' * 50
SHA512 = hashlib.sha512(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


class _Web(http.server.BaseHTTPRequestHandler):
    """DATA below any path but /missing."""

    def do_GET(self):
        missing = self.path.startswith('/missing')
        self.send_response(404 if missing else 200)
        self.send_header('Content-Length', '0' if missing else str(len(DATA)))
        self.end_headers()
        if not missing and self.command == 'GET':
            self.wfile.write(DATA)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server():
    """The URL of a server on loopback."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Web)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield 'http://127.0.0.1:%d' % server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Operations:
    """`publish(image_id)` gives an image the hash that a backfill would give it, `erase(image_id)` takes it away as
    if the image were older than hashes."""

    def __init__(self, api, client, web, publish, erase):
        self.api = api
        self.client = client
        self.web = web
        self.publish = publish
        self.erase = erase

    def all(self):
        return [(name, getattr(self, name)) for name in dir(self)
                if name.startswith(('upload', 'import', 'change', 'copy', 'location', 'delete'))]

    def _published(self, data=DATA, **fields):
        """An image from before hashes that was given one since."""
        image_id = self.client.add(data, **fields)
        self.erase(image_id)
        self.publish(image_id)
        return image_id

    def _imported(self, image_id, **fields):
        self.client.start_import(image_id, **fields)
        return self._ended(image_id)

    def _ended(self, image_id):
        def is_over(image):
            # One whose stores have failed stays `importing`.
            over = image['status'] not in ('uploading', 'importing') or image.get('os_glance_failed_import')
            return over and not image.get('os_glance_importing_to_stores') and not image.get('os_glance_import_task')

        self.client.wait_for(image_id, is_over)
        return image_id

    def upload(self):
        return self.client.add(DATA)

    def import_of_staged_data(self):
        image_id = self.client.create()
        self.client.stage(image_id, DATA)
        return self._imported(image_id, method='glance-direct')

    def import_from_the_web(self):
        image_id = self.client.create()
        return self._imported(image_id, method='web-download', uri=self.web + '/image')

    def import_that_finds_nothing(self):
        image_id = self.client.create()
        return self._imported(image_id, method='web-download', uri=self.web + '/missing')

    def import_whose_second_store_fails(self):
        """Glance takes the first location back, and with it size, checksum and hash."""
        image_id = self.client.create()
        self.client.stage(image_id, DATA)
        with self._broken_store('fs2'):
            return self._imported(image_id, method='glance-direct', stores=['fs1', 'fs2'],
                                  all_stores_must_succeed=True)

    @contextlib.contextmanager
    def _broken_store(self, name):
        directory = pathlib.Path(self.api.home) / name
        aside = directory.with_name(name + '.aside')
        directory.rename(aside)
        directory.write_text('no directory')
        try:
            yield
        finally:
            directory.unlink()
            aside.rename(directory)

    def copy_of_an_image_without_hash(self):
        image_id = self.client.add(DATA)
        self.erase(image_id)
        return self._imported(image_id, method='copy-image', stores=['fs2'])

    def copy_of_an_image_with_our_hash(self):
        return self._imported(self._published(), method='copy-image', stores=['fs2'])

    def copy_that_fails(self):
        image_id = self._published()
        with self._broken_store('fs2'):
            return self._imported(image_id, method='copy-image', stores=['fs2'], all_stores_must_succeed=True)

    def change_of_all_that_may_be_changed(self):
        image_id = self._published(some='property')
        self.client.patch(image_id, ('replace', '/name', 'renamed'), ('add', '/another', 'value'),
                          ('replace', '/some', 'other'), ('replace', '/visibility', 'public'),
                          ('replace', '/os_hidden', True), ('replace', '/tags', ['a tag']))
        return image_id

    def change_to_deactivated(self):
        image_id = self._published()
        self.client.action(image_id, 'deactivate')
        return image_id

    def location_of_a_new_image(self):
        image_id = self.client.create()
        self.client.patch(image_id, ('add', '/locations/-', {'url': self.web + '/image', 'metadata': {}}))
        return image_id

    def location_with_validation_data(self):
        image_id = self.client.create()
        self.client.patch(image_id, ('add', '/locations/-', {
            'url': self.web + '/image', 'metadata': {},
            'validation_data': {'checksum': MD5, 'os_hash_algo': 'sha512', 'os_hash_value': SHA512}}))
        return image_id

    def location_added_and_removed(self):
        image_id = self._published()
        self.client.patch(image_id, ('add', '/locations/-', {'url': self.web + '/image', 'metadata': {}}))
        urls = [location['url'] for location in self.client.show(image_id)['locations']]
        first = next(number for number, url in enumerate(urls) if url.startswith('file:'))
        self.client.patch(image_id, ('remove', '/locations/%d' % first, None))
        return image_id

    def location_replaced_by_itself(self):
        image_id = self._published()
        locations = self.client.show(image_id)['locations']
        self.client.patch(image_id, ('replace', '/locations', [
            {'url': one['url'], 'metadata': dict(one['metadata'], note='new')} for one in locations]))
        return image_id

    def delete(self):
        image_id = self._published()
        self.client.delete(image_id)
        return image_id
