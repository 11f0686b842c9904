# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Images that say of themselves what is not so, with checksums that are right; and what has to be
said of each: a name of setup.def."""
import struct
import zlib

CRC_FROM = 16
VERSION, SIZE, HEADER, KIND, ENTRY, PARTS = 8, 16, 20, 24, 28, 64  # where they are in the header
CODE, DATA, STRINGS, AREAS, MAPS = range(5)
PART_COUNT = 10
AREA = struct.Struct('<6I')
REGION, ACCESS, LENGTH, AT, STORED = range(1, 6)  # members of an area
RODATA, VARIABLES = 5, 6                          # the regions of areas
MOST = 2**32 - 1


def with_checksum(image):
    return image[:12] + struct.pack('<I', zlib.crc32(image[CRC_FROM:])) + image[CRC_FROM:]


def changed(image, offset, *values):
    data = struct.pack(f'<{len(values)}I', *values)
    return with_checksum(image[:offset] + data + image[offset + len(data):])


def number(image, offset):
    return struct.unpack_from('<I', image, offset)[0]


def headers(image):
    for version in (0, 2, 1 << 8, MOST):
        yield f'version {version}', changed(image, VERSION, version), 'VERSION'
    for size in (0, len(image) - 8, len(image) + 8, len(image) | 1 << 16, MOST):
        yield f'size {size}', changed(image, SIZE, size), 'SIZE'
    yield 'more bytes than it says', with_checksum(image + bytes(8)), 'SIZE'
    for size in (0, 152, 168, MOST):
        yield f'header of {size} bytes', changed(image, HEADER, size), 'HEADER'
    for kind in (3, 256, MOST):
        yield f'kind {kind}', changed(image, KIND, kind), 'HEADER'
    count = number(image, PARTS + 8 * CODE + 4) // 8
    for entry in (count, count + 1, 1 << 16, 1 << 29, MOST):
        yield f'entry {entry} of {count}', changed(image, ENTRY, entry), 'ENTRY'


def parts(image):
    for part in range(PART_COUNT):
        place = PARTS + 8 * part
        offset, size = struct.unpack_from('<II', image, place)
        for lie in ((offset + 4, size), (len(image) + 8, 0), (len(image), 8), (2**32 - 8, size),
                    (2**32 - 8, 16), (offset, MOST), (offset, len(image) - offset + 1),
                    (8, 2**32 - 8)):
            yield f'part {part} at {lie[0]}, {lie[1]} bytes', changed(image, place, *lie), 'PART'
    place = PARTS + 8 * CODE
    offset, size = struct.unpack_from('<II', image, place)
    yield 'half an instruction', changed(image, place, offset, size - 4), 'PART'
    yield 'no code', changed(image, place, offset, 0), 'ENTRY'
    yield 'a map', changed(image, PARTS + 8 * MAPS, offset, 40), 'MAPS'


def areas(image):
    """The image has two of them, .data with more than zeros in it."""
    start, size = struct.unpack_from('<II', image, PARTS + 8 * AREAS)
    stored = number(image, PARTS + 8 * DATA + 4)
    places = range(start, start + size, AREA.size)
    assert sorted(number(image, p + 4 * REGION) for p in places) == [RODATA, VARIABLES]

    def lie(what, member, value, name='AREA'):
        for place in places:
            number_ = (place - start) // AREA.size
            yield f'area {number_}: {what} {value}', changed(image, place + 4 * member, value), name
    for region in (0, 1, 2, 3, 4, 7, 32, 255, 256 + VARIABLES, MOST):
        yield from lie('region', REGION, region)
    both = changed(image, places[0] + 4 * REGION, number(image, places[1] + 4 * REGION))
    yield 'a region twice', both, 'AREA'
    for size in ((1 << 24) + 1, 1 << 31, MOST):
        yield from lie('size', LENGTH, size)
    yield from lie('size', LENGTH, 0)  # fewer than are stored
    for at in (4, stored + 8, 2**32 - 8):
        yield from lie('bytes at', AT, at)
    for count in (stored + 1, MOST):
        yield from lie('bytes stored', STORED, count)
    yield from lie('size', LENGTH, 1 << 24, 'MEMORY')


def lies(image):
    yield from headers(image)
    yield from parts(image)
    yield from areas(image)
