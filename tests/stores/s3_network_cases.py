# SPDX-License-Identifier: Apache-2.0
"""What an S3 store must do with the network between it and the server, and with answers that no server gives on
demand. Run with one server, s3_rgw_test.py: nothing of it depends on which one it is."""

import socket
import time

from forwarder import Forwarder
from forwarder import answer as http_answer
from forwarder import make_certificate
from forwarder import s3_error
from s3_cases import BUCKET
from s3_cases import MIB
from s3_cases import content


class S3NetworkCases:
    """For a test class that is one of S3Cases too."""

    def test_connections_are_used_again(self):
        with Forwarder(self.address) as forwarder, self.reader(host='http://' + forwarder.host) as reader:
            reader.survey()
            forwarder.accepted = 0
            self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            self.assert_hashed(reader.read(self.row('big')), self.big)
            self.assertEqual(forwarder.accepted, 1)

    def test_server_away(self):
        """all: connection refused: the place"""
        with socket.socket() as nobody:
            nobody.bind(('127.0.0.1', 0))
            with self.reader(host='http://127.0.0.1:%d' % nobody.getsockname()[1]) as reader:
                self.assertNotEqual(reader.survey()['bucket images of store fast'], '')
                self.assert_failed(reader.read(self.row('plain')), 'place')

    def test_clock_is_off(self):
        """s3: RequestTimeTooSkewed: place, "this host's clock is off\""""
        # The library that fakes the clock comes before that of a sanitizer.
        before = ('env', 'ASAN_OPTIONS=verify_asan_link_order=0', 'FAKETIME_DONT_FAKE_MONOTONIC=1', 'faketime', '-f',
                  '-1h')
        with self.reader(before=before) as reader:
            self.assert_failed(reader.read(self.row('plain')), 'place', reason="this host's clock is off")
            self.assertIn("clock is off", reader.survey()['bucket images of store fast'])

    def test_ipv6_endpoint(self):
        """s3: IPv6 endpoint; custom port"""
        with Forwarder(self.address, '::1') as forwarder, self.reader(host='http://' + forwarder.host) as reader:
            self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))

    def test_tls(self):
        """all: TLS not verified: the place"""
        certificate = make_certificate(self.folder / 'tls.pem')
        with Forwarder(self.address, certificate=certificate) as forwarder:
            url = 'https://' + forwarder.host
            with self.reader(host=url, cacert=certificate + '.crt') as reader:
                self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            with self.reader(host=url) as reader:
                self.assert_failed(reader.read(self.row('plain')), 'place')

    def test_answers_that_no_server_here_gives(self):
        """s3: InvalidObjectState; all: 429/498/5xx: transient"""
        data = content(MIB + 1)
        etag = self.client.head_object(Bucket=BUCKET, Key='plain')['ETag']
        page = http_answer(404, b'<html>MESSAGE</html>')
        liar = http_answer(206, b'x' * len(data), ETag='"other"', Content_Range='bytes 0-%d/%d' % (MIB, MIB + 1))
        shifted = http_answer(206, b'x' * MIB, ETag=etag, Content_Range='bytes 1-%d/%d' % (MIB, MIB + 1))
        longer = http_answer(206, b'x' * len(data), ETag=etag, Content_Range='bytes 0-%d/%d' % (MIB, MIB + 2))
        shorter = http_answer(206, b'x' * 10, ETag=etag, Content_Range='bytes 0-9/%d' % (MIB + 1))
        weak = http_answer(206, b'x', ETag='W/' + etag, Content_Range='bytes 0-0/%d' % (MIB + 1))
        whole = http_answer(200, b'x' * len(data), ETag=etag)
        cases = [
            # the answers to the first requests, and what becomes of the image
            ([s3_error(403, 'InvalidObjectState')], ('image', 'unreadable', 'archived')),
            ([s3_error(400, 'InvalidRequest')], ('image', 'unreadable', 'encryption')),
            ([s3_error(403, 'AllAccessDisabled')], ('place', 'unreadable', 'disabled')),
            ([page], ('place', 'unreadable', 's3_store_host')),
            ([http_answer(302, Location='http://127.0.0.1:1/')], ('place', 'unreadable', '302')),
            ([s3_error(301, 'PermanentRedirect')], ('place', 'unreadable', 's3_store_region_name')),
            ([s3_error(400, 'Some code: MESSAGE')], ('place', 'unreadable', '400')),
            ([weak], ('place', 'unreadable', 'ETag')),
            ([whole], ('place', 'unreadable', 'part of an object')),
            ([None, whole], ('place', 'unreadable', 'part of an object')),
            # a server that ignores If-Match
            ([None, liar], ('image', 'changed_while_read', 'another object')),
            ([None, longer], ('image', 'changed_while_read', 'another object')),
            ([None, s3_error(404, 'NoSuchKey')], ('image', 'changed_while_read', 'removed')),
            ([None, s3_error(416, 'InvalidRange')], ('image', 'changed_while_read', 'shorter')),
            ([None, s3_error(403, 'AccessDenied')], ('place', 'unreadable', 'denies')),
            ([s3_error(503, 'SlowDown', Retry_After='0')], None),
            ([s3_error(500, 'InternalError')], None),
            ([s3_error(400, 'RequestTimeout')], None),
            ([http_answer(502, b'<html>' + 100_000 * b'MESSAGE')], None),
            ([None, s3_error(503, 'ServiceUnavailable')], None),
            ([None, shifted], None),
            ([None, shorter], None),
            # at the end
            ([None, None, s3_error(500, 'InternalError')], None),
            ([None, None, s3_error(404, 'NoSuchKey')], ('image', 'changed_while_read', 'removed')),
        ]
        with Forwarder(self.address) as forwarder:
            for number, (answers, expected) in enumerate(cases):
                with self.subTest(number), self.reader(host='http://' + forwarder.host) as reader:
                    reader.survey()  # asks at the start
                    forwarder.answers = list(answers)
                    answer = reader.read(self.row('plain'))
                    if expected:
                        self.assert_failed(answer, *expected)
                    else:
                        self.assert_hashed(answer, data)
                    self.assertEqual(forwarder.answers, [])

    def test_cut_connection(self):
        """all: body cut, retried with Range + validators: hashed, each byte once"""
        with Forwarder(self.address) as forwarder, self.reader(host='http://' + forwarder.host) as reader:
            reader.begin(self.row('big'), MIB)
            # In the second window, on a connection that is used again or a new one.
            forwarder.cut_after = 2 * MIB
            self.assert_hashed(reader.end(), self.big)
            self.assertIsNone(forwarder.cut_after)

    def test_outage(self):
        """all: an outage in mid-read: hashed, each byte once"""
        with Forwarder(self.address) as forwarder, self.reader(host='http://' + forwarder.host) as reader:
            reader.begin(self.row('big'), MIB)
            forwarder.close()
            reader.begin_to_end()
            time.sleep(0.5)
            forwarder.open()
            try:
                self.assert_hashed(reader._answer(), self.big)
            finally:
                forwarder.close()

    def test_replaced_during_an_outage(self):
        """all: replaced while the connection was cut: changed_while_read"""
        self.put('replaced', content(8 * MIB))
        with Forwarder(self.address) as forwarder, self.reader(host='http://' + forwarder.host) as reader:
            forwarder.cut_after = 3 * MIB
            reader.begin(self.row('replaced'), 2 * MIB)
            self.put('replaced', content(8 * MIB, 2))
            self.assert_failed(reader.end(), 'image', 'changed_while_read')

    def test_stop_during_a_stalled_read(self):
        """all: SIGTERM during a stalled read"""
        with Forwarder(self.address) as forwarder, self.reader(host='http://' + forwarder.host) as reader:
            reader.begin(self.row('big'), MIB)
            forwarder.stalled = True
            reader.begin_to_end()
            reader.ask_to_stop()
            self.assert_failed(reader._answer(), 'stopped')
