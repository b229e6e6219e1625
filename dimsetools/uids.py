"""Names and UIDs: transfer syntaxes, the few well-known UIDs the program speaks of, and the rule for UIDs.

The table of transfer syntaxes is our own, because every store needs it; SOP classes are looked up in
pydicom's dictionary, and only when a name is asked for.
"""

from __future__ import annotations

import os
import re
from functools import cache
from types import ModuleType
from typing import NamedTuple

from dimsetools.errors import UsageError, did_you_mean

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
VERIFICATION = "1.2.840.10008.1.1"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_LE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"

# Made once from a random UUID (PS3.5 B.2); it names this implementation whatever its version.
IMPLEMENTATION_UID = "2.25.270715792449084791544610729351321191610"
IMPLEMENTATION_VERSION = "DIMSETOOLS_010"


class TransferSyntax(NamedTuple):
    """How a data set is encoded (PS3.5 section 10 and annex A).

    `encapsulated`: pixel data are fragments. `lossy`: decoding may not give back the original.
    `aliases` are the short names that people type beside UID and keyword.
    """

    uid: str
    keyword: str
    name: str
    explicit: bool = True
    little_endian: bool = True
    deflated: bool = False
    encapsulated: bool = False
    lossy: bool = False
    aliases: tuple[str, ...] = ()


def _image(suffix: str, keyword: str, name: str, *aliases: str, lossy: bool = False) -> TransferSyntax:
    """Return a syntax of the image compression branch: explicit little endian with fragments."""
    return TransferSyntax(
        "1.2.840.10008.1.2.4." + suffix, keyword, name, encapsulated=True, lossy=lossy, aliases=aliases
    )


def _lossy(suffix: str, keyword: str, name: str, *aliases: str) -> TransferSyntax:
    return _image(suffix, keyword, name, *aliases, lossy=True)


def _plain(suffix: str, keyword: str, name: str, *aliases: str, deflated: bool = False) -> TransferSyntax:
    """Return an explicit little endian syntax without fragments."""
    return TransferSyntax("1.2.840.10008.1.2." + suffix, keyword, name, deflated=deflated, aliases=aliases)


# PS3.6 table A-1, the current syntaxes and the retired ones that may still turn up.
_SYNTAXES = (
    TransferSyntax(
        IMPLICIT_LE, "ImplicitVRLittleEndian", "Implicit VR Little Endian", explicit=False,
        aliases=("implicit-le", "implicit", "default"),
    ),
    _plain("1", "ExplicitVRLittleEndian", "Explicit VR Little Endian", "explicit-le", "explicit"),
    TransferSyntax(
        ENCAPSULATED_UNCOMPRESSED, "EncapsulatedUncompressedExplicitVRLittleEndian",
        "Encapsulated Uncompressed Explicit VR Little Endian", encapsulated=True,
        aliases=("encapsulated-uncompressed",),
    ),
    _plain(
        "1.99", "DeflatedExplicitVRLittleEndian", "Deflated Explicit VR Little Endian", "deflated", "deflate",
        deflated=True,
    ),
    TransferSyntax(
        EXPLICIT_BE, "ExplicitVRBigEndian", "Explicit VR Big Endian", little_endian=False,
        aliases=("explicit-be", "big-endian"),
    ),
    _lossy("50", "JPEGBaseline8Bit", "JPEG Baseline (Process 1)", "jpeg", "jpeg-baseline"),
    _lossy("51", "JPEGExtended12Bit", "JPEG Extended (Process 2 and 4)", "jpeg-extended"),
    _lossy("52", "JPEGExtended35", "JPEG Extended (Process 3 and 5)"),
    _lossy("53", "JPEGSpectralSelectionNonHierarchical68", "JPEG Spectral Selection (Process 6 and 8)"),
    _lossy("54", "JPEGSpectralSelectionNonHierarchical79", "JPEG Spectral Selection (Process 7 and 9)"),
    _lossy("55", "JPEGFullProgressionNonHierarchical1012", "JPEG Full Progression (Process 10 and 12)"),
    _lossy("56", "JPEGFullProgressionNonHierarchical1113", "JPEG Full Progression (Process 11 and 13)"),
    _image("57", "JPEGLossless", "JPEG Lossless (Process 14)", "jpeg-lossless"),
    _image("58", "JPEGLosslessNonHierarchical15", "JPEG Lossless (Process 15)"),
    _lossy("59", "JPEGExtendedHierarchical1618", "JPEG Extended, Hierarchical (Process 16 and 18)"),
    _lossy("60", "JPEGExtendedHierarchical1719", "JPEG Extended, Hierarchical (Process 17 and 19)"),
    _lossy("61", "JPEGSpectralSelectionHierarchical2022", "JPEG Spectral Selection (Process 20 and 22)"),
    _lossy("62", "JPEGSpectralSelectionHierarchical2123", "JPEG Spectral Selection (Process 21 and 23)"),
    _lossy("63", "JPEGFullProgressionHierarchical2426", "JPEG Full Progression (Process 24 and 26)"),
    _lossy("64", "JPEGFullProgressionHierarchical2527", "JPEG Full Progression (Process 25 and 27)"),
    _image("65", "JPEGLosslessHierarchical28", "JPEG Lossless, Hierarchical (Process 28)"),
    _image("66", "JPEGLosslessHierarchical29", "JPEG Lossless, Hierarchical (Process 29)"),
    _image("70", "JPEGLosslessSV1", "JPEG Lossless (Process 14, Selection Value 1)", "jpeg-lossless-sv1"),
    _image("80", "JPEGLSLossless", "JPEG-LS Lossless", "jpegls-lossless", "jpeg-ls-lossless", "jls-lossless"),
    _lossy("81", "JPEGLSNearLossless", "JPEG-LS Near-Lossless", "jpegls", "jpeg-ls", "jls"),
    _image("90", "JPEG2000Lossless", "JPEG 2000 (Lossless Only)", "jpeg2000-lossless", "j2k-lossless"),
    _lossy("91", "JPEG2000", "JPEG 2000", "jpeg2000", "j2k"),
    _image("92", "JPEG2000MCLossless", "JPEG 2000 Part 2 Multi-component (Lossless Only)"),
    _lossy("93", "JPEG2000MC", "JPEG 2000 Part 2 Multi-component"),
    _plain("4.94", "JPIPReferenced", "JPIP Referenced", "jpip"),
    _plain("4.95", "JPIPReferencedDeflate", "JPIP Referenced Deflate", "jpip-deflate", deflated=True),
    _lossy("100", "MPEG2MPML", "MPEG2 Main Profile / Main Level", "mpeg2"),
    _lossy("100.1", "MPEG2MPMLF", "Fragmentable MPEG2 Main Profile / Main Level"),
    _lossy("101", "MPEG2MPHL", "MPEG2 Main Profile / High Level", "mpeg2-high"),
    _lossy("101.1", "MPEG2MPHLF", "Fragmentable MPEG2 Main Profile / High Level"),
    _lossy("102", "MPEG4HP41", "MPEG-4 AVC/H.264 High Profile / Level 4.1", "mpeg4", "h264"),
    _lossy("102.1", "MPEG4HP41F", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1"),
    _lossy("103", "MPEG4HP41BD", "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    _lossy("103.1", "MPEG4HP41BDF", "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1"),
    _lossy("104", "MPEG4HP422D", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    _lossy("104.1", "MPEG4HP422DF", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video"),
    _lossy("105", "MPEG4HP423D", "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    _lossy("105.1", "MPEG4HP423DF", "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video"),
    _lossy("106", "MPEG4HP42STEREO", "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    _lossy("106.1", "MPEG4HP42STEREOF", "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2"),
    _lossy("107", "HEVCMP51", "HEVC/H.265 Main Profile / Level 5.1", "hevc", "h265"),
    _lossy("108", "HEVCM10P51", "HEVC/H.265 Main 10 Profile / Level 5.1", "hevc10"),
    _image("110", "JPEGXLLossless", "JPEG XL Lossless", "jpegxl-lossless", "jxl-lossless"),
    _lossy("111", "JPEGXLJPEGRecompression", "JPEG XL JPEG Recompression", "jpegxl-jpeg", "jxl-jpeg"),
    _lossy("112", "JPEGXL", "JPEG XL", "jpegxl", "jxl"),
    _image("201", "HTJ2KLossless", "High-Throughput JPEG 2000 (Lossless Only)", "htj2k-lossless"),
    _image(
        "202", "HTJ2KLosslessRPCL", "High-Throughput JPEG 2000 with RPCL (Lossless Only)",
        "htj2k-lossless-rpcl",
    ),
    _lossy("203", "HTJ2K", "High-Throughput JPEG 2000", "htj2k"),
    _plain("4.204", "JPIPHTJ2KReferenced", "JPIP HTJ2K Referenced", "jpip-htj2k"),
    _plain("4.205", "JPIPHTJ2KReferencedDeflate", "JPIP HTJ2K Referenced Deflate", deflated=True),
    TransferSyntax("1.2.840.10008.1.2.5", "RLELossless", "RLE Lossless", encapsulated=True, aliases=("rle",)),
    _plain("7.1", "SMPTEST211020UncompressedProgressiveActiveVideo", "SMPTE ST 2110-20 Progressive Video"),
    _plain("7.2", "SMPTEST211020UncompressedInterlacedActiveVideo", "SMPTE ST 2110-20 Interlaced Video"),
    _plain("7.3", "SMPTEST211030PCMDigitalAudio", "SMPTE ST 2110-30 PCM Digital Audio"),
    TransferSyntax(
        "1.2.840.10008.1.2.8.1", "DeflatedImageFrameCompression", "Deflated Image Frame Compression",
        encapsulated=True, aliases=("deflated-frames",),
    ),
)  # fmt: skip

TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {syntax.uid: syntax for syntax in _SYNTAXES}

# Digits and dots only: nothing else can become part of a file name.
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_UID = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*", re.ASCII)


def is_valid_uid(text: str) -> bool:
    """Tell whether `text` is a UID: up to 64 characters, no component with a leading zero (PS3.5 9.1)."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def is_dotted(text: str) -> bool:
    """Tell whether `text` is digits and dots within 64 characters.

    That is what files in the field have (components with leading zeros included) and what is safe as a
    file name.
    """
    return len(text) <= 64 and _DOTTED.fullmatch(text) is not None


def _plain_word(name: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", name.lower())


@cache
def _syntax_words() -> dict[str, str]:
    words = {}
    for syntax in _SYNTAXES:
        for word in (syntax.keyword, syntax.name, *syntax.aliases):
            words[_plain_word(word)] = syntax.uid
    return words


def transfer_syntax(name: str) -> str:
    """Return the UID of a transfer syntax given as UID, keyword, full name or short name.

    Case, blanks, dashes and underscores do not matter. An unknown but valid UID is returned as it is
    (private syntaxes exist). Raises UsageError for anything else.
    """
    text = name.strip()
    found = _syntax_words().get(_plain_word(text))
    if found is not None:
        return found
    if "." in text and is_valid_uid(text):
        return text
    shown = [alias for syntax in _SYNTAXES for alias in (*syntax.aliases, syntax.keyword)]
    hint = did_you_mean(text.lower(), shown) or "short names: " + ", ".join(
        syntax.aliases[0] for syntax in _SYNTAXES if syntax.aliases
    )
    raise UsageError(f"{name!r} is no transfer syntax", hint=hint)


@cache
def load_table(name: str) -> ModuleType:
    """Return a module of pydicom that is a table without imports, such as `_uid_dict`, loaded alone.

    That takes some milliseconds, where pydicom takes 160.
    """
    from importlib.util import find_spec, module_from_spec, spec_from_file_location

    package = find_spec("pydicom")
    assert package is not None
    assert package.origin is not None
    path = os.path.join(os.path.dirname(package.origin), f"{name}.py")
    spec = spec_from_file_location(f"pydicom.{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _dictionary() -> dict[str, tuple[str, str, str, str, str]]:
    """Return UID -> (name, type, info, retired, keyword) of PS3.6 annex A."""
    table: dict[str, tuple[str, str, str, str, str]] = load_table("_uid_dict").UID_dictionary
    return table


@cache
def _class_words() -> dict[str, str]:
    words = {}
    for uid, (name, kind, _, _, keyword) in _dictionary().items():
        if kind in ("SOP Class", "Meta SOP Class") and keyword:
            words[_plain_word(name)] = uid
            words[_plain_word(keyword)] = uid
    return words


def sop_class(name: str) -> str:
    """Return the UID of a SOP class given as UID, keyword or full name; UsageError for anything else."""
    text = name.strip()
    if "." in text and is_valid_uid(text):
        return text
    found = _class_words().get(_plain_word(text))
    if found is None:
        keywords = [entry[4] for entry in _dictionary().values() if "SOP Class" in entry[1] and entry[4]]
        raise UsageError(f"{name!r} is no SOP class", hint=did_you_mean(text, keywords))
    return found


def name_of(uid: str) -> str:
    """Return the name that PS3.6 gives to `uid`, or `uid` itself if it has none."""
    if uid in TRANSFER_SYNTAXES:
        return TRANSFER_SYNTAXES[uid].name
    entry = _dictionary().get(uid)
    return entry[0] if entry else uid


# PS3.6 of 2025 and 2026, which pydicom's dictionary does not have yet.
_NEW_STORAGE_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.9.100.1",
    "1.2.840.10008.5.1.4.1.1.9.100.2",
    "1.2.840.10008.5.1.4.1.1.66.7",
    "1.2.840.10008.5.1.4.1.1.66.8",
)


@cache
def known_storage_classes() -> tuple[str, ...]:
    """Return every storage SOP class, retired and non-patient ones included (PS3.4 B.5, GG.3)."""
    named = (
        uid
        for uid, (_, kind, _, _, keyword) in _dictionary().items()
        if kind == "SOP Class" and "Storage" in keyword and uid.startswith("1.2.840.10008.5.1.4.")
    )
    return tuple(dict.fromkeys((*named, *_NEW_STORAGE_CLASSES)))


@cache
def storage_classes() -> frozenset[str]:
    """Return the classes of `known_storage_classes`, and those that only pynetdicom knows."""
    from pynetdicom.presentation import AllStoragePresentationContexts

    current = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
    return frozenset(current.union(known_storage_classes()))
