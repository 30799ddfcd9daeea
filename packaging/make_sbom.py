#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what the bundle is made of, as SPDX 2.3 in JSON.

    /usr/bin/python3 packaging/make_sbom.py BUNDLE [BUNDLE-RBD] >FILE

The archives list their own libraries (share/libraries*.json). SOURCE_DATE_EPOCH is the time in the document.
"""

import datetime
import hashlib
import json
import os
import re
import sys
import tarfile

NAMESPACE = 'https://spdx.org/spdxdocs/backglance-%s-%s'


def libraries_of(archive):
    with tarfile.open(archive) as tar:
        for member in tar:
            if re.search(r'/share/libraries(-rbd)?\.json$', member.name):
                return json.load(tar.extractfile(member))
    raise SystemExit('sbom: %s has no list of libraries: make it with scripts/package bundle' % archive)


def identifier(text):
    return 'SPDXRef-%s' % re.sub(r'[^A-Za-z0-9.-]', '-', text)


def package(name, version, purl, licence='NOASSERTION', checksum=None):
    found = {'SPDXID': identifier(name), 'name': name, 'versionInfo': version, 'downloadLocation': 'NOASSERTION',
             'filesAnalyzed': False, 'licenseConcluded': licence, 'licenseDeclared': licence,
             'copyrightText': 'NOASSERTION',
             'externalRefs': [{'referenceCategory': 'PACKAGE-MANAGER', 'referenceType': 'purl',
                               'referenceLocator': purl}]}
    if checksum:
        found['checksums'] = [{'algorithm': 'SHA256', 'checksumValue': checksum}]
    return found


def main():
    archives = sys.argv[1:]
    version = re.search(r'backglance-([\d.]+)-', os.path.basename(archives[0])).group(1)
    with open(archives[0], 'rb') as file:
        checksum = hashlib.file_digest(file, 'sha256').hexdigest()
    packages = [package('backglance', version, 'pkg:generic/backglance@%s' % version, 'Apache-2.0', checksum)]
    used = sorted({(entry['package'], entry['version'])
                   for archive in archives for entry in libraries_of(archive).values()})
    for name, release in used:
        packages.append(package(name, release, 'pkg:deb/debian/%s@%s' % (name, release.replace('+', '%2B'))))
    made = datetime.datetime.fromtimestamp(int(os.environ['SOURCE_DATE_EPOCH']), datetime.timezone.utc)
    json.dump({
        'spdxVersion': 'SPDX-2.3', 'dataLicense': 'CC0-1.0', 'SPDXID': 'SPDXRef-DOCUMENT',
        'name': 'backglance-%s' % version, 'documentNamespace': NAMESPACE % (version, checksum[:16]),
        'creationInfo': {'created': made.strftime('%Y-%m-%dT%H:%M:%SZ'), 'creators': ['Tool: backglance-make_sbom']},
        'packages': packages,
        'relationships': [{'spdxElementId': 'SPDXRef-DOCUMENT', 'relationshipType': 'DESCRIBES',
                           'relatedSpdxElement': identifier('backglance')}] + [
            {'spdxElementId': identifier('backglance'), 'relationshipType': 'CONTAINS',
             'relatedSpdxElement': identifier(name)} for name, _ in used],
    }, sys.stdout, indent=2, sort_keys=True)
    print()


if __name__ == '__main__':
    main()
