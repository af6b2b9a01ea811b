"""Files, folders and archives are opened alike, and an archive that unpacks to far too much is refused."""

import io
import struct
import tracemalloc
import zipfile

import pytest

from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast.sources.exports.bundle import ALWAYS_UNPACKED, open_bundle
from chat_forecast_tests.sources import export_samples as samples
from chat_forecast_tests.sources.export_samples import MESSAGES, write_text, write_zip
from chat_forecast_tests.sources.exports.test_formats import read, refusal


def names(path):
    with open_bundle(path) as bundle:
        return set(bundle.names)


def test_the_one_folder_that_holds_all_of_an_archive_does_not_count(tmp_path):
    assert names(write_zip(tmp_path / "a.zip", {"top/a.txt": "x", "top/b/c.txt": "y"})) == {"a.txt", "b/c.txt"}
    assert names(write_zip(tmp_path / "b.zip", {"top/a.txt": "x", "d.txt": "y"})) == {"top/a.txt", "d.txt"}
    assert names(write_zip(tmp_path / "c.zip", {"top/a.txt": "x", "__MACOSX/top/._a.txt": "y"})) == {"a.txt"}


def test_what_has_no_name_in_an_archive_is_passed_over(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.txt": "x", "b.txt": "y"})
    path.write_bytes(path.read_bytes().replace(b"b.txt", b"\0.txt"))
    assert names(path) == {"a.txt"}


def bomb(path, *, megabytes, name="WhatsApp Chat with x.txt"):
    """An archive of a chat that goes on with so many megabytes of nothing."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive, archive.open(name, "w") as file:
        file.write(samples.whatsapp("android-24h").encode())
        for _ in range(megabytes):
            file.write(b"0" * (1 << 20))
    return path


def test_an_archive_that_unpacks_to_far_more_than_texts_do_is_refused_before_it_is_unpacked(tmp_path):
    path = bomb(tmp_path / "x.zip", megabytes=(ALWAYS_UNPACKED >> 20) + 1)
    tracemalloc.start()
    try:
        assert "far more than texts do" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_long_file_is_read_in_little_memory(tmp_path):
    path = bomb(tmp_path / "x.zip", megabytes=12)
    tracemalloc.start()
    try:
        assert len(read(path)[1]) == len(MESSAGES)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path):
    path = bomb(tmp_path / "x.zip", megabytes=2)
    content = path.read_bytes()
    size = struct.pack("<I", zipfile.ZipFile(path).infolist()[0].file_size)
    path.write_bytes(content.replace(size, struct.pack("<I", 1000)))
    assert "damaged" in refusal(path)


def test_an_archive_with_a_password_says_so(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"_chat.txt": samples.whatsapp("ios-german")})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))
    assert "password" in refusal(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_cut_archive_is_damaged(tmp_path, share):
    path = write_zip(tmp_path / "x.zip", samples.slack())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "damaged or cut" in refusal(path)


def test_damage_inside_of_an_archive_is_found(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("_chat.txt", samples.whatsapp("ios-german"))
    content = bytearray(made.getvalue())
    content[200] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(bytes(content))
    assert "damaged" in refusal(path)


def test_a_part_of_an_archive_is_never_written_anywhere(tmp_path):
    path = write_zip(tmp_path / "in" / "x.zip", {"../../_chat.txt": samples.whatsapp("ios-german")})
    with pytest.raises(RefusedFileError):
        read(path)
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["x.zip"]


def test_of_a_folder_only_texts_near_its_top_are_parts(tmp_path):
    for name in ("a.txt", "b/messages.html", "1/2/3/4/5/deep.txt", "photos/x.jpg", ".hidden/x.txt"):
        write_text(tmp_path / "x" / name, "x")
    (tmp_path / "x" / "around").symlink_to(tmp_path / "x")
    assert names(tmp_path / "x") == {"a.txt", "b/messages.html"}


def test_an_archive_made_on_windows_has_folders_too(tmp_path):
    assert names(write_zip(tmp_path / "a.zip", {"top\\a.txt": "x", "top\\b\\c.txt": "y"})) == {"a.txt", "b/c.txt"}


def test_lines_end_where_the_file_says_so_and_nowhere_else(tmp_path):
    path = write_text(tmp_path / "x.txt", "\ufeffa\u2028b\x0bc\r\nd\n\ne")
    with open_bundle(path) as bundle:
        assert list(bundle.lines("x.txt")) == ["a\u2028b\x0bc", "d", "", "e"]
