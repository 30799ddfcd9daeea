#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads http and https locations from nginx, from Python's http.server, and from the fault server for what no real
server answers on demand. The rows of the acceptance table are named in the tests: "http: ..." and "all: ...".

Usage: http_test.py STORE_READER [TEST...]
"""

import concurrent.futures
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'servers')]

import faults  # noqa: E402
import reader  # noqa: E402
import web_server  # noqa: E402
from reader import digests  # noqa: E402

OLD = 1_700_000_000
SIZE = 300_000
USER, WORD, PATH = 'plantedUser', 'plantedWord', '/plantedPath'


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix='backglance-http-'))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        authority = faults.make_authority(cls.scratch)
        cls.server = cls.enter(faults.FaultServer())
        cls.other = cls.enter(faults.FaultServer())
        cls.tls = cls.enter(faults.FaultServer(faults.server_context(
            faults.make_certificate(cls.scratch, 'right', 'localhost'))))
        cls.wrong_name = cls.enter(faults.FaultServer(faults.server_context(
            faults.make_certificate(cls.scratch, 'wrong', 'images.example.org'))))
        cls.config = cls.scratch / 'glance-api.conf'
        cls.config.write_text('[database]\nconnection = sqlite:////nonexistent\n[glance_store]\nstores = file,http\n'
                              'https_ca_certificates_file = %s\n' % authority)
        # What the operator allows; the rest of this host is as forbidden as any other.
        cls.rules = ['127.0.0.1:%d' % cls.server.port, 'localhost:%d' % cls.tls.port,
                     'localhost:%d' % cls.wrong_name.port]

    @classmethod
    def enter(cls, manager):
        cls.addClassCleanup(manager.__exit__, None, None, None)
        return manager.__enter__()

    def setUp(self):
        for server in (self.server, self.other, self.tls, self.wrong_name):
            server.reset()

    def reader(self, *rules):
        arguments = [word for rule in rules or self.rules for word in ('--allow-http', rule)]
        one = reader.Reader(self.config, *arguments)
        self.addCleanup(one.__exit__)
        return one

    def read(self, url, **more):
        return self.reader().read(url, **more)

    def check_hashed(self, answer, data):
        self.assertEqual('hashed', answer['result'], answer)
        for name, value in digests(data).items():
            if name != 'length':
                self.assertEqual(value, answer[name], name)
        self.assertRegex(answer['identity'], '^http:[0-9a-f]{64}$')

    def check_failed(self, answer, result, kind='image', words=''):
        self.assertEqual((result, kind), (answer['result'], answer['kind']), answer)
        self.assertIn(words, answer['reason'])
        for secret in (USER, WORD, PATH, '127.0.0.1', 'localhost', '://'):
            self.assertNotIn(secret, answer['reason'])
        return answer


class RealServers(HttpTest):
    def setUp(self):
        super().setUp()
        self.files = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        (self.files / 'logs').mkdir()

    def start(self, kind):
        server = kind(self.files, self.files / 'logs')
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def write(self, name, data, modified=OLD):
        path = self.files / name
        # As an upload does: a file of the name is whole, or another one.
        (self.files / 'new').write_bytes(data)
        os.utime(self.files / 'new', (modified, modified))
        (self.files / 'new').rename(path)
        return data

    def test_images_of_every_size_are_read_from_real_servers(self):
        images = {name: self.write(name, random.Random(name).randbytes(size)) for name, size in
                  {'empty': 0, 'one': 1, 'odd': 1_048_577, 'large': 20_000_003}.items()}
        for kind in (web_server.Nginx, web_server.PythonServer):
            server = self.start(kind)
            one = self.reader('127.0.0.1:%d' % server.port)
            for name, data in images.items():
                with self.subTest(server=kind.__name__, image=name):
                    answer = one.read(server.url('/' + name))
                    self.check_hashed(answer, data)
                    self.assertEqual(len(data), answer['length'])
                    self.assertEqual('http host 127.0.0.1:%d' % server.port, answer['place'])
                    # The same bytes, the same identity.
                    self.assertEqual(answer['identity'], one.read(server.url('/' + name))['identity'])
            self.check_failed(one.read(server.url('/no-such-image')), 'missing')

    def test_a_read_begins_anywhere(self):
        data = self.write('image', random.Random(1).randbytes(3_000_000))
        for kind in (web_server.Nginx, web_server.PythonServer):
            server = self.start(kind)
            one = self.reader('127.0.0.1:%d' % server.port)
            for start in (0, 1, 2_999_999, 3_000_000):
                with self.subTest(server=kind.__name__, start=start):
                    self.check_hashed(one.read(server.url('/image'), **{'from': start}), data[start:])
        self.assertEqual('unreadable', one.read(server.url('/image'), **{'from': 3_000_001})['result'])

    def test_all_object_gone_or_replaced_during_the_read(self):
        old = random.Random(2).randbytes(30_000_000)
        for kind in (web_server.Nginx, web_server.PythonServer):
            server = self.start(kind)
            one = self.reader('127.0.0.1:%d' % server.port)
            self.write('image', old)
            one.begin(server.url('/image'), 1_000_000)
            self.write('image', old[::-1], OLD + 1)  # as long as the old one
            self.check_failed(one.end(), 'changed_while_read')
            self.write('image', old)
            one.begin(server.url('/image'), 1_000_000)
            (self.files / 'image').unlink()
            self.check_failed(one.end(), 'changed_while_read', words='gone')

    def test_all_body_cut_retried_with_range_by_a_real_server(self):
        """A server that is stopped and started in the middle: each byte counts once, the rest is asked for by Range."""
        data = self.write('image', random.Random(3).randbytes(48_000_000))
        server = self.start(web_server.Nginx)
        one = self.reader('127.0.0.1:%d' % server.port)
        one.begin(server.url('/image'), 2_000_000)
        server.stop()
        server.start()
        self.check_hashed(one.end(), data)
        # The first GET was broken off, so nginx did not log it.
        asked = [line for line in server.asked() if line.startswith('GET /image')]
        self.assertEqual(1, len(asked), asked)
        self.assertRegex(asked[0], r'^GET /image 206 bytes=\d{7,}-$')

    def test_an_object_without_a_proof_of_its_version_has_another_identity_each_time(self):
        # Last-Modified alone, and of just now: it may change once more within its second.
        data = self.write('fresh', b'fresh', time.time())
        server = self.start(web_server.PythonServer)
        one = self.reader('127.0.0.1:%d' % server.port)
        answers = [one.read(server.url('/fresh')) for _ in range(2)]
        for answer in answers:
            self.check_hashed(answer, data)
        self.assertNotEqual(answers[0]['identity'], answers[1]['identity'])
        self.assertEqual('the store cannot skip', one.read(server.url('/fresh'), **{'from': 1})['reason'])


class Policy(HttpTest):
    def test_http_not_opted_in(self):
        self.server.on('/image', {'size': 10})
        with reader.Reader(self.config) as one:
            self.check_failed(one.read(self.server.url('/image')), 'store_not_supported', words='switched off')
        self.assertEqual([], self.server.seen())

    def test_http_address_denied_redirect_to_denied_port_scheme(self):
        """Not allowed: unreadable, and no connection is made."""
        denied = self.other
        denied.on('/image', {'size': 10})
        self.tls.on('/image', {'size': 10})
        one = self.reader()
        for url in (denied.url('/image'), denied.url('/image', 'localhost'), denied.url('/image', '[::1]'),
                    'http://169.254.169.254/latest/meta-data/', 'http://0.0.0.0:%d/image' % denied.port,
                    'http://127.1:%d/image' % denied.port):
            with self.subTest(url=url):
                answer = self.check_failed(one.read(url), 'unreadable', words='not allowed')
                self.assertEqual('', answer['place'])
        for target, words in ((denied.url('/image'), 'not allowed'), (denied.url('/image', 'localhost'), 'not allowed'),
                              ('http://169.254.169.254/latest/meta-data/', 'not allowed'),
                              ('https://127.0.0.1:%d/image' % self.tls.port, 'not allowed'),
                              ('file:///etc/passwd', 'no absolute'), ('gopher://127.0.0.1/', 'no absolute'),
                              ('/image', 'no absolute'), ('//127.0.0.1/image', 'no absolute'), ('', 'no absolute')):
            with self.subTest(target=target):
                self.server.on('/redirect', {'status': 302, 'headers': {'Location': target}})
                answer = self.check_failed(one.read(self.server.url('/redirect')), 'unreadable', words=words)
                self.assertEqual('http host 127.0.0.1:%d' % self.server.port, answer['place'])
        self.assertEqual([], denied.seen())
        self.assertEqual([], self.tls.seen())
        # The rule is for the name, and not for its address.
        self.assertEqual('hashed', one.read(self.tls.url('/image', 'localhost'))['result'])

    def test_public_is_not_this_host(self):
        one = self.reader('public', '10.0.0.0/8')
        for url in ('http://127.0.0.1/image', 'http://localhost/image', 'http://[::1]/image', 'http://0/image',
                    'http://[::ffff:127.0.0.1]/image', 'http://2130706433/image', 'http://192.168.0.1/image'):
            with self.subTest(url=url):
                self.check_failed(one.read(url), 'unreadable', words='not allowed')

    def test_redirects_are_followed_four_times_and_only_301_and_302(self):
        data = faults.pattern(SIZE)
        self.tls.on('/end', {'size': SIZE, 'etag': '"e"'})
        for number in range(1, 6):
            target = self.server.url('/%d' % (number - 1)) if number > 1 else self.tls.url('/end', 'localhost')
            self.server.on('/%d' % number, {'status': 301 + number % 2, 'headers': {'Location': target}})
        one = self.reader()
        # From http to https, too.
        self.check_hashed(one.read(self.server.url('/4')), data)
        self.check_failed(one.read(self.server.url('/5')), 'unreadable', words='more than 4')
        for status in (303, 307, 308):
            self.server.on('/other', {'status': status, 'headers': {'Location': self.server.url('/1')}})
            self.check_failed(one.read(self.server.url('/other')), 'unreadable', words='status %d' % status)

    def test_no_redirect_leads_from_https_to_http(self):
        self.server.on('/image', {'size': SIZE})
        self.tls.on('/redirect', {'status': 302, 'headers': {'Location': self.server.url('/image')}})
        self.check_failed(self.read(self.tls.url('/redirect', 'localhost')), 'unreadable', words='https to http')
        self.assertEqual([], self.server.seen())

    def test_credentials_of_a_row_go_to_its_own_server_alone(self):
        data = faults.pattern(SIZE)
        self.tls.on('/end', {'size': SIZE, 'etag': '"e"'})
        self.server.on(PATH, {'status': 302, 'headers': {'Location': self.tls.url('/end', 'localhost')}})
        one = self.reader()
        self.check_hashed(one.read(self.server.url(PATH, user='%s:%s%%21' % (USER, WORD))), data)
        sent = {request['headers'].get('authorization') for request in self.server.seen()}
        self.assertEqual({'Basic cGxhbnRlZFVzZXI6cGxhbnRlZFdvcmQh'}, sent)
        self.assertTrue(self.tls.seen())
        for request in self.tls.seen():
            self.assertNotIn('authorization', request['headers'])
        # A redirect may have its own.
        self.server.on(PATH, {'status': 302, 'headers': {'Location': self.tls.url('/end', 'localhost', 'a:b')}})
        self.tls.reset()
        self.tls.on('/end', {'size': SIZE, 'etag': '"e"'})
        self.check_hashed(one.read(self.server.url(PATH)), data)
        self.assertEqual({'Basic YTpi'}, {request['headers'].get('authorization') for request in self.tls.seen()})

    def test_all_secret_in_row_in_no_output(self):
        scripts = ({'size': SIZE}, {'status': 404}, {'status': 403, 'body': WORD},
                   {'size': SIZE, 'headers': {'Content-Encoding': WORD}},
                   {'status': 302, 'headers': {'Location': 'nowhere:' + WORD}})
        with reader.Reader(self.config, '--allow-http', self.rules[0]) as one:
            for script in scripts:
                self.server.on(PATH, script)
                one.read(self.server.url(PATH + '?' + WORD, user=USER + ':' + WORD))
            self.check_failed(one.read('http://%s:%s@@127.0.0.1%s' % (USER, WORD, PATH)), 'unreadable', words='no http')
        for secret in (USER, WORD, PATH):
            self.assertNotIn(secret, one.said)
        self.assertEqual(len(scripts) + 1, one.said.count('\n'))


class Places(HttpTest):
    def test_all_name_does_not_resolve_refused_tls_not_verified(self):
        """Of a server that a rule names: the place is away, which says nothing of the image."""
        port = web_server.free_port()
        one = self.reader('no-such-server.invalid', '127.0.0.1:%d' % port, 'localhost:%d' % self.wrong_name.port)
        for url, words in (('http://no-such-server.invalid/image', 'resolved'),
                           ('http://127.0.0.1:%d/image' % port, 'refused'),
                           (self.wrong_name.url('/image', 'localhost'), 'another name')):
            with self.subTest(url=url):
                answer = self.check_failed(one.read(url), 'unreadable', 'place', words)
                self.assertTrue(answer['place'].startswith('http host '), answer['place'])
        self.assertEqual([], self.wrong_name.seen())

    def test_a_server_that_no_rule_names_says_nothing_of_the_others(self):
        port = web_server.free_port()
        rules = ['127.0.0.0/8:%d' % one for one in (port, self.server.port, self.wrong_name.port)]
        cases = ((rules, 'http://127.0.0.1:%d/image' % port, 'refused', 'transient'),
                 (rules, self.wrong_name.url('/image', 'localhost'), 'another name', 'image'),
                 # Nor the target of a redirect, although a rule names it.
                 ([*self.rules, '127.0.0.1:%d' % port], self.server.url('/dead'), 'refused', 'transient'))
        self.server.on('/dead', {'status': 302, 'headers': {'Location': 'http://127.0.0.1:%d/x' % port}})
        self.server.on('/image', {'size': SIZE, 'etag': '"e"'})

        def read(case):
            one = self.reader(*case[0])
            return one.read(case[1]), one.read(self.server.url('/image'))

        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            for (_, url, words, kind), (answer, other) in zip(cases, pool.map(read, cases)):
                with self.subTest(url=url):
                    self.check_failed(answer, 'unreadable', kind, words)
                    self.check_hashed(other, faults.pattern(SIZE))

    def test_tls_by_the_configured_authority(self):
        self.tls.on('/image', {'size': SIZE, 'etag': '"e"'})
        self.check_hashed(self.read(self.tls.url('/image', 'localhost')), faults.pattern(SIZE))
        other = self.scratch / 'no-authority.conf'
        other.write_text('[database]\nconnection = sqlite:////nonexistent\n[glance_store]\nhttps_insecure = True\n')
        with reader.Reader(other, '--allow-http', self.rules[1]) as one:
            self.check_failed(one.read(self.tls.url('/image', 'localhost')), 'unreadable', 'place', 'verified')


class Faults(HttpTest):
    def on(self, *answers, path='/image'):
        self.server.on(path, *answers)
        return self.server.url(path)

    def read_each(self, scripts):
        """The answers for lists of answers of the server. At the same time, for each retry waits."""
        self.server.reset()
        urls = [self.on(*script, path='/%d' % number) for number, script in enumerate(scripts)]
        with concurrent.futures.ThreadPoolExecutor(len(urls)) as pool:
            return list(pool.map(self.read, urls))

    def gets(self, path='/image'):
        return [request['headers'] for request in self.server.seen(path) if request['method'] == 'GET']

    def test_http_content_encoding_on_an_identity_request(self):
        url = self.on({'size': SIZE, 'headers': {'Content-Encoding': 'gzip'}})
        self.check_failed(self.read(url), 'unreadable', words='encoding')
        self.assertEqual({'identity'}, {one['headers']['accept-encoding'] for one in self.server.seen()})
        # By the GET alone.
        url = self.on({'size': SIZE, 'methods': ['HEAD']}, {'size': SIZE, 'headers': {'Content-Encoding': 'x-gzip'}})
        self.check_failed(self.read(url), 'unreadable', words='encoding')
        url = self.on({'size': SIZE, 'etag': '"e"', 'headers': {'Content-Encoding': 'identity'}})
        self.check_hashed(self.read(url), faults.pattern(SIZE))

    def test_http_no_content_length_chunked_clean_end(self):
        answer = self.read(self.on({'size': SIZE, 'framing': 'chunked', 'etag': '"e"'}))
        self.check_hashed(answer, faults.pattern(SIZE))
        self.assertIsNone(answer['length'])
        # Not a clean one: the last chunk is missing.
        answer = self.read(self.on({'size': SIZE, 'framing': 'chunked', 'cut': 200_000, 'etag': '"e"'},
                                   {'size': SIZE, 'framing': 'chunked', 'etag': '"e"'}))
        self.check_hashed(answer, faults.pattern(SIZE))
        # All bytes came, but not the end: the server says that nothing follows.
        answer = self.read(self.on({'size': SIZE, 'framing': 'chunked', 'cut': SIZE, 'etag': '"e"'}))
        self.check_hashed(answer, faults.pattern(SIZE))
        self.assertEqual('bytes=%d-' % SIZE, self.gets()[-1]['range'])

    def test_a_close_delimited_body_of_known_length(self):
        head = {'size': SIZE, 'etag': '"e"', 'methods': ['HEAD']}
        get = {'size': SIZE, 'etag': '"e"', 'methods': ['GET'], 'framing': 'close'}
        url = self.on(head, {**get, 'cut': 100_000}, get)
        self.check_hashed(self.read(url), faults.pattern(SIZE))
        self.assertEqual(['bytes=100000-'], [one['range'] for one in self.gets()[1:]])

    def test_http_range_ignored_on_resume(self):
        cut, whole = {'size': SIZE, 'cut': 100_000}, {'size': SIZE, 'ranges': 'ignore'}
        versions = ({'etag': '"e"'}, {'modified': OLD}, {'etag': 'W/"e"', 'modified': OLD})
        answers = self.read_each([({**cut, **version}, {**whole, **version}) for version in versions])
        for number, answer in enumerate(answers):
            with self.subTest(version=versions[number]):
                self.check_hashed(answer, faults.pattern(SIZE))
                self.assertEqual('bytes=100000-', self.gets('/%d' % number)[1]['range'])
        # Another version, whose bytes must not be mixed with the first.
        pairs = (({'etag': '"e"'}, {'etag': '"f"'}), ({'etag': '"e"'}, {}), ({'modified': OLD}, {'modified': OLD + 1}),
                 ({'etag': '"e"', 'modified': OLD}, {'etag': '"e"', 'modified': OLD + 1}))
        answers = self.read_each([({**cut, **one}, {**whole, **other, 'seed': 1}) for one, other in pairs])
        for pair, answer in zip(pairs, answers):
            with self.subTest(pair=pair):
                self.check_failed(answer, 'changed_while_read')

    def test_all_body_cut_retried_with_range_and_validators(self):
        cut = {'size': SIZE, 'etag': '"e"', 'cut': 100_000}
        answer = self.read(self.on(cut, {'size': SIZE, 'etag': '"e"', 'cut': 50_000},
                                   {'size': SIZE, 'etag': '"e"', 'reset': True, 'cut': 0},
                                   {'size': SIZE, 'etag': '"e"'}))
        self.check_hashed(answer, faults.pattern(SIZE))
        self.assertEqual([None, 'bytes=100000-', 'bytes=150000-', 'bytes=150000-'],
                         [one.get('range') for one in self.gets()])
        self.assertEqual([None, '"e"', '"e"', '"e"'], [one.get('if-match') for one in self.gets()])
        self.server.reset()
        url = self.on({'size': SIZE, 'modified': OLD, 'cut': 9}, {'size': SIZE, 'modified': OLD})
        self.check_hashed(self.read(url), faults.pattern(SIZE))
        self.assertEqual(faults.http_date(OLD), self.gets()[1]['if-unmodified-since'])

    def test_a_part_counts_only_if_it_is_of_the_same_object(self):
        cut = {'size': SIZE, 'etag': '"e"', 'cut': 100_000}
        cases = (({'etag': '"f"'}, 'changed_while_read'),
                 ({'etag': '"f"', 'conditions': True}, 'changed_while_read'),  # 412
                 ({}, 'changed_while_read'),
                 ({'etag': '"e"', 'size': SIZE + 1}, 'changed_while_read'),
                 ({'etag': '"e"', 'size': 90_000}, 'changed_while_read'),  # 416
                 ({'etag': '"e"', 'ranges': 'total'}, 'changed_while_read'),
                 ({'etag': '"e"', 'ranges': 'shifted'}, 'unreadable'),
                 ({'status': 206, 'etag': '"e"'}, 'unreadable'),  # without Content-Range
                 ({'status': 404}, 'changed_while_read'),
                 ({'status': 403}, 'unreadable'))
        answers = self.read_each([(cut, {'size': SIZE, **other}) for other, _ in cases])
        for (other, result), answer in zip(cases, answers):
            with self.subTest(other=other):
                self.check_failed(answer, result)

    def test_without_a_proof_of_the_version_a_cut_body_cannot_go_on(self):
        versions = ({}, {'etag': 'W/"e"'}, {'modified': time.time()})
        for answer in self.read_each([({'size': SIZE, 'cut': 100_000, **version}, {'size': SIZE, **version})
                                      for version in versions]):
            self.check_failed(answer, 'changed_while_read', words='proves')

    def test_all_object_replaced_during_the_read(self):
        for now in ({'etag': '"f"'}, {'etag': '"e"', 'size': SIZE + 1}, {'etag': '"e"', 'modified': OLD}, {}):
            with self.subTest(now=now):
                self.on({'size': SIZE, 'etag': '"e"'})
                one = self.reader()
                one.begin(self.server.url('/image'), 100_000)
                self.on({'size': SIZE, **now})
                self.check_failed(one.end(), 'changed_while_read')

    def test_http_404_410_403_other_4xx(self):
        one = self.reader()
        for status, result in ((404, 'missing'), (410, 'missing'), (403, 'unreadable'), (401, 'unreadable'),
                               (400, 'unreadable'), (405, 'unreadable'), (451, 'unreadable'), (204, 'unreadable'),
                               (206, 'unreadable'), (304, 'unreadable')):
            with self.subTest(status=status):
                url = self.on({'status': status, 'size': 0 if status in (204, 304) else 10})
                self.check_failed(one.read(url), result, words=str(status))

    def test_a_server_that_does_not_know_head(self):
        one = self.reader()
        for head in ({'status': 405}, {'status': 404}, {'status': 403}, {'status': 400},
                     {'status': 204, 'framing': 'close'}, {'size': 0}):
            with self.subTest(head=head):
                url = self.on({'methods': ['HEAD'], **head}, {'methods': ['GET'], 'size': SIZE, 'etag': '"e"'})
                answer = one.read(url)
                self.check_hashed(answer, faults.pattern(SIZE))
                self.assertEqual(SIZE, answer['length'])

    def test_all_429_and_5xx_are_retried_with_what_the_server_asks_for(self):
        head = {'methods': ['HEAD'], 'headers': {'Retry-After': '1'}}
        get = {'methods': ['GET'], 'headers': {'Retry-After': '1'}}
        whole = {'size': SIZE, 'etag': '"e"', 'methods': ['HEAD', 'GET']}
        before = time.monotonic()
        answer = self.read(self.on({**head, 'status': 429}, {**get, 'status': 503}, whole))
        self.check_hashed(answer, faults.pattern(SIZE))
        self.assertGreaterEqual(time.monotonic() - before, 2)  # not before the server wants it
        self.assertEqual(2, len(self.gets()))

    def test_more_or_fewer_bytes_than_the_server_said(self):
        head = {'methods': ['HEAD'], 'size': SIZE, 'etag': '"e"'}
        for get in ({'size': SIZE + 1, 'framing': 'chunked'}, {'size': SIZE - 1, 'framing': 'chunked'},
                    {'size': SIZE + 1, 'framing': 'close'}, {'size': SIZE + 1}, {'size': SIZE - 1},
                    {'framing': 'endless'}):
            with self.subTest(get=get):
                url = self.on(head, {'methods': ['GET'], 'etag': '"e"', **get})
                self.check_failed(self.read(url), 'changed_while_read')

    def test_all_sigterm_during_a_stalled_read(self):
        readers = []
        for stall in (0, 100_000):
            one = self.reader()
            one.begin(self.on({'size': SIZE, 'etag': '"e"', 'stall': stall}, path='/%d' % stall), stall // 2)
            one.begin_to_end()
            readers.append(one)
        time.sleep(0.3)
        before = time.monotonic()
        for one in readers:
            one.ask_to_stop()
        for one in readers:
            self.check_failed(one._answer(), 'unreadable', 'stopped')
        self.assertLess(time.monotonic() - before, 3)

    def test_identities_differ_by_version_and_place(self):
        one = self.reader()
        seen = set()
        for path, version in (('/image', {'etag': '"e"'}), ('/image', {'etag': '"f"'}), ('/other', {'etag': '"e"'}),
                              ('/image', {'etag': '"e"', 'modified': OLD}), ('/image', {'modified': OLD}),
                              ('/image', {'etag': '"e"', 'size': 1})):
            url = self.on({'size': SIZE, **version}, path=path)
            identity = one.read(url)['identity']
            self.assertEqual(identity, one.read(url)['identity'])
            seen.add(identity)
        self.assertEqual(6, len(seen))


if __name__ == '__main__':
    reader.set_binary(sys.argv.pop(1))
    unittest.main(verbosity=int(os.environ.get('BACKGLANCE_TEST_VERBOSITY', 1)))
