#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The recipes of packaging/: their structure, what linters say, and what the script for kolla starts.

    /usr/bin/python3 tests/packaging/recipes_test.py BUILD [unittest's own arguments]

BUILD is the build directory. Needs root, and the packages of `scripts/install release`.
"""

import os
import pathlib
import re
import sys
import tempfile
import unittest

import yaml

import forms

PACKAGING = forms.SOURCES / 'packaging'
VERSION = re.search(r'VERSION ([\d.]+) LANGUAGES', (forms.SOURCES / 'CMakeLists.txt').read_text()).group(1)

build = None


def pod_of(name):
    document = yaml.safe_load((PACKAGING / 'kubernetes' / name).read_text())
    spec = document['spec'] if document['kind'] == 'Job' else document['spec']['jobTemplate']['spec']
    return document, spec, spec['template']['spec']


class RecipesTest(unittest.TestCase):
    def test_both_pods_are_the_same(self):
        self.assertEqual(pod_of('job.yaml')[1:], pod_of('cronjob.yaml')[1:])

    def test_pod_is_one_that_kubernetes_and_openstack_helm_know(self):
        for name in ('job.yaml', 'cronjob.yaml'):
            document, job, pod = pod_of(name)
            self.assertEqual(document['apiVersion'], 'batch/v1')
            # The fields of a Job's and a pod's specification that are used; a misspelt one would be ignored.
            self.assertLessEqual(set(job), {'backoffLimit', 'ttlSecondsAfterFinished', 'template'})
            self.assertEqual(set(pod), {'restartPolicy', 'terminationGracePeriodSeconds', 'securityContext',
                                        'containers', 'volumes'})
            self.assertEqual((job['backoffLimit'], pod['restartPolicy']), (0, 'Never'))
            self.assertEqual(pod['securityContext']['runAsUser'], 42424)
            container, = pod['containers']
            self.assertTrue(container['securityContext']['readOnlyRootFilesystem'])
            self.assertTrue(container['image'].endswith(':' + VERSION))
            self.assertEqual({mount['name'] for mount in container['volumeMounts']},
                             {volume['name'] for volume in pod['volumes']})
            volumes = {volume['name']: volume for volume in pod['volumes']}
            self.assertEqual(volumes['glance-etc']['secret']['secretName'], 'glance-etc')
            self.assertEqual(volumes['glance-images']['persistentVolumeClaim']['claimName'], 'glance-images')
            # What the pod is told to run is what the program understands.
            done = forms.run(build / 'cli' / 'backglance', *container['args'], '--help')
            self.assertIn('backfill', done.stdout)

    def test_linters_find_nothing(self):
        forms.run('yamllint', '--strict', '.yamllint', '.zuul.yaml', '.ci', '.github', 'packaging', cwd=forms.SOURCES)
        forms.run('ansible-lint', '--offline', 'packaging/ansible', cwd=forms.SOURCES,
                  env=dict(os.environ, ANSIBLE_HOME=str(pathlib.Path(tempfile.gettempdir()) / 'backglance-ansible')))

    def test_every_recipe_names_this_version(self):
        for path in ('kolla/backglance-kolla', 'ansible/roles/backglance/defaults/main.yml', 'debian/changelog'):
            self.assertIn(VERSION, (PACKAGING / path).read_text(), path)

    def test_kolla_gives_the_container_what_glance_has(self):
        with tempfile.TemporaryDirectory(prefix='backglance-kolla-') as name:
            folder = pathlib.Path(name)
            # Stands for docker: notes what it is called with, and what the configuration looks like then.
            engine = folder / 'engine'
            engine.write_text('#!/bin/sh\nprintf "%%s\\n" "$@" >%s/words\n'
                              'for word; do case $word in *:/etc/glance:*) stat -c "%%u %%a" "${word%%%%:*}" '
                              '"${word%%%%:*}/glance-api.conf" >%s/modes;; esac; done\nexit 10\n' % (folder, folder))
            engine.chmod(0o755)
            (folder / 'glance-api.conf').write_text('[DEFAULT]\n')
            (folder / 'glance-api.conf').chmod(0o600)
            forms.run(PACKAGING / 'kolla' / 'backglance-kolla', 'backfill', '--window', '22:00-06:00', code=10,
                      env=dict(os.environ, BACKGLANCE_ENGINE=str(engine), BACKGLANCE_CONFIG=str(folder)))
            words = (folder / 'words').read_text().splitlines()
            self.assertEqual(words[-5:], ['--config-file', '/etc/glance/glance-api.conf', 'backfill', '--window',
                                          '22:00-06:00'])
            for word in ('glance_api:ro', '42415:42415', '--read-only', 'backglance:%s' % VERSION):
                self.assertIn(word, words)
            self.assertEqual((folder / 'modes').read_text(), '42415 500\n42415 600\n')
            # The copy of the configuration, which holds a password, is gone.
            copied = words[words.index('--volume') + 1].split(':')[0]
            self.assertFalse(pathlib.Path(copied).exists())
            forms.run(PACKAGING / 'kolla' / 'backglance-kolla', 'status', code=1,
                      env=dict(os.environ, BACKGLANCE_ENGINE=str(engine), BACKGLANCE_CONFIG='/nowhere'))


if __name__ == '__main__':
    build = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
