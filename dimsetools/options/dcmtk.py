"""How DCMTK and pynetdicom spell options, and what the same thing is called here. Data only.

A key holds all spellings of one option. An option that asks for what always happens here translates to
nothing; one that has no equivalent is refused by its long name, with what to use instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


class Use(NamedTuple):
    """Our words for it, `{0}` being its first value; `choices` picks the words by that value instead."""

    words: tuple[str, ...] = ()
    takes: int = 0
    choices: Mapping[str, tuple[str, ...]] | None = None


class Refused(NamedTuple):
    """No translation: the long `name` there, and what to do `instead` here."""

    name: str
    instead: str
    takes: int = 1


_Table = dict[str, Use | Refused]

_NOTHING = Use()
_NO_PART = "there is no equivalent; leave it out"
_STORED = "objects are kept as they were received"
_LAYOUT = "use --layout to choose folders and file names"


def _one(option: str) -> Use:
    return Use((option, "{0}"), 1)


def _ts(names: str) -> Use:
    return Use(("--ts", names))


_LEVELS = {
    "fatal": ("-q",), "critical": ("-q",), "error": (), "warn": (), "info": ("-v",),
    "debug": ("-d",), "trace": ("-d",),
}  # fmt: skip

COMMON: _Table = {
    "-aet --aetitle --calling-aet --ae-title": _one("--aet"),
    "-ta": _one("--acse-timeout"),
    "-td": _one("--dimse-timeout"),
    "-tn --network-timeout": _one("--idle-timeout"),
    "-ts --socket-timeout": _one("--idle-timeout"),
    "-pdu": _one("--max-pdu"),
    "-ll --log-level": Use((), 1, _LEVELS),
    "+v --verbose-pc": Use(("-v",)),
    "-lc --log-config": Refused("--log-config", "use -v, -d or --log-json"),
    "-xf --config-file": Refused("--config-file", "use --ts, --role and --ext, or a profile in dimse.toml"),
    "--max-send-pdu": Refused(
        "--max-send-pdu", "PDUs are as long as the peer takes; --max-pdu is for what we receive"
    ),
    "-up --uid-padding": Refused("--uid-padding", _NO_PART),
    "+u --enable-new-vr": _NOTHING,
    "-u --disable-new-vr": Refused("--disable-new-vr", "data sets are never rewritten for old readers"),
    "+cl --compression-level": Refused("--compression-level", _NO_PART),
    "+tls --enable-tls": Use(("--tls", "--tls-key", "{0}", "--tls-cert", "{1}"), 2),
    "+cf --add-cert-file": _one("--tls-ca"),
    "+cd --add-cert-dir": Refused("--add-cert-dir", "put the certificates into one PEM file for --tls-ca"),
    "+crl --add-crl-file": Refused("--add-crl-file", "revocation lists are not read"),
    "+crv --enable-crl-vfy": Refused("--enable-crl-vfy", "revocation lists are not read"),
    "+cra --enable-crl-all": Refused("--enable-crl-all", "revocation lists are not read"),
    "+ps --std-passwd": Refused("--std-passwd", "use --tls-key-password-file FILE"),
    "+pw --use-passwd": Refused(
        "--use-passwd", "others can read a command line; use --tls-key-password-file FILE"
    ),
    "-pw --null-passwd": _NOTHING,
    "-pem --pem-keys": _NOTHING,
    "-der --der-keys": Refused("--der-keys", "convert the files to PEM for --tls-key and --tls-cert"),
    "+py --profile-bcp195-nd": Use(("--tls-profile", "bcp195")),
    "+px --profile-bcp195": Use(("--tls-profile", "bcp195")),
    "+pz --profile-bcp195-ex": Use(("--tls-profile", "bcp195-extended")),
    "+pa --profile-aes": Refused("--profile-aes", "that profile is retired; use --tls-profile"),
    "+pn --profile-null": Refused("--profile-null", "that profile does not encrypt; use --tls-profile"),
    "+pb --profile-basic": Refused("--profile-basic", "that profile is retired; use --tls-profile"),
    "+cs --cipher": Refused("--cipher", "use --tls-profile"),
    "+cc --list-ciphers": Refused("--list-ciphers", "use --tls-profile"),
    "+dp --dhparam": Refused("--dhparam", "use --tls-profile"),
    "+rs --seed": Refused("--seed", _NO_PART),
    "+ws --write-seed": Refused("--write-seed", _NO_PART),
    "+wf --write-seed-file": Refused("--write-seed-file", _NO_PART),
    "-rc --require-peer-cert": _NOTHING,
}
"""The same for every command."""

CALLING: _Table = {
    "-aec --call --called-aet": _one("--aec"),
    "-to --timeout": _one("--connect-timeout"),
    "-tls --disable-tls": Use(("--no-tls",)),
    "+tla --anonymous-tls": Use(("--tls",)),
    "-ic --ignore-peer-cert": Use(("--tls-insecure",)),
    "-usr": _one("--user"),
    "-pwd --password": Refused("--password", "others can read a command line; use --password-file FILE"),
    "-epw --empty-password": Refused("--empty-password", "use --user without --password-file"),
    "-kt --kerberos": Use(("--identity-type", "kerberos", "--identity-token-file", "{0}"), 1),
    "--saml": Use(("--identity-type", "saml", "--identity-token-file", "{0}"), 1),
    "--jwt": Use(("--identity-type", "jwt", "--identity-token-file", "{0}"), 1),
    "-rsp --pos-response": Use(("--identity-response",)),
    "-x= --propose-uncompr": _NOTHING,
    "-xe --propose-little --request-little": _ts("explicit-le"),
    "-xb --propose-big --request-big": _ts("explicit-be"),
    "-xi --propose-implicit --request-implicit": _ts("implicit-le"),
    "-pts --propose-ts": Refused("--propose-ts", "name the transfer syntaxes with --ts"),
    "-ppc --propose-pc": Refused("--propose-pc", "only the contexts that are needed are proposed"),
    "-nh --no-halt": _NOTHING,
}
"""For commands that call a peer."""

_IMAGE_SYNTAXES = {
    "s": "jpeg-lossless-sv1", "y": "jpeg-baseline", "x": "jpeg-extended", "v": "jpeg2000-lossless",
    "w": "jpeg2000", "t": "jpegls-lossless", "u": "jpegls", "m": "mpeg2", "h": "mpeg2-high", "n": "mpeg4",
    "l": "MPEG4HP41BD", "2": "MPEG4HP422D", "3": "MPEG4HP423D", "o": "MPEG4HP42STEREO", "4": "hevc",
    "5": "hevc10", "r": "rle", "d": "deflated",
}  # fmt: skip
"""The letter behind -x (storescu) and +x (storescp)."""
_LONG = {
    "s": "lossless", "y": "jpeg8", "x": "jpeg12", "v": "j2k-lossless", "w": "j2k-lossy", "t": "jls-lossless",
    "u": "jls-lossy", "m": "mpeg2", "h": "mpeg2-high", "n": "mpeg4", "l": "mpeg4-bd", "2": "mpeg4-2-2d",
    "3": "mpeg4-2-3d", "o": "mpeg4-2-st", "4": "hevc", "5": "hevc10", "r": "rle", "d": "deflated",
}  # fmt: skip

STORE: _Table = {
    **{
        f"-x{letter} --propose-{_LONG[letter]}": _ts(f"{name},explicit-le,implicit-le")
        for letter, name in _IMAGE_SYNTAXES.items()
    },
    "+sd --scan-directories": _NOTHING,
    "+r --recurse": _NOTHING,
    "-r --no-recurse": Refused(
        "--no-recurse in DCMTK, --recurse in pynetdicom", "folders are searched to the bottom; use --exclude"
    ),
    "+sp --scan-pattern": _one("--include"),
    "+f --read-file": _NOTHING,
    "+fo --read-file-only": Refused(
        "--read-file-only", "files without meta information are told by their content"
    ),
    "-f --read-dataset": Refused(
        "--read-dataset", "files without meta information are told by their content"
    ),
    "+rd --read-from-dicomdir": Refused(
        "--read-from-dicomdir", "name the folder; every file in it is looked at"
    ),
    "-rn --no-rename": _NOTHING,
    "+rn --rename": Refused("--rename", "use --report FILE to keep what was sent"),
    "-cx --required-contexts": _NOTHING,
    "-R --required": _NOTHING,
    "+C --combine": Refused("--combine", _NO_PART),
    "-dn --decompress-never": Use(("--never-transcode",)),
    "+dls --decompress-lossless": _NOTHING,
    "+dly --decompress-lossy": _NOTHING,
    "-nip --no-illegal-proposal": Refused("--no-illegal-proposal", _NO_PART),
    "-nuc --no-uid-checks": Refused("--no-uid-checks", _NO_PART),
    "+ma --multi-associations": _NOTHING,
    "-ma --single-association": Refused(
        "--single-association", "an association is opened for each 128 contexts"
    ),
    "+crf --create-report-file": _one("--report"),
    "+II --invent-instance": Refused("--invent-instance", "objects are sent as they are"),
    "+IR --invent-series": Refused("--invent-series", "objects are sent as they are"),
    "+IS --invent-study": Refused("--invent-study", "objects are sent as they are"),
    "+IP --invent-patient": Refused("--invent-patient", "objects are sent as they are"),
}
"""storescu, dcmsend."""

PREFERRED: _Table = {
    **{
        f"+x{letter} --prefer-{_LONG[letter]}": _ts(f"{name},explicit-le,implicit-le")
        for letter, name in _IMAGE_SYNTAXES.items()
    },
    "+x= --prefer-uncompr": _NOTHING,
    "+xe --prefer-little": _ts("explicit-le,implicit-le"),
    "+xb --prefer-big": _ts("explicit-be,explicit-le,implicit-le"),
    "+xi --implicit": _ts("implicit-le"),
}
"""What is preferred of that which comes: storescp, getscu, movescu."""

WRITTEN: _Table = {
    "+B --bit-preserving": _NOTHING,
    "-B --normal": Refused("--normal", _STORED),
    "+F --write-file": _NOTHING,
    "-F --write-dataset": Refused("--write-dataset", _STORED + ", with meta information"),
    "+t= --write-xfer-same": _NOTHING,
    "+te --write-xfer-little": Refused("--write-xfer-little", _STORED),
    "+tb --write-xfer-big": Refused("--write-xfer-big", _STORED),
    "+ti --write-xfer-implicit": Refused("--write-xfer-implicit", _STORED),
    "+td --write-xfer-deflated": Refused("--write-xfer-deflated", _STORED),
    "+g= --group-length-recalc": Refused("--group-length-recalc", _STORED),
    "+g --group-length-create": Refused("--group-length-create", _STORED),
    "-g --group-length-remove": Refused("--group-length-remove", _STORED),
    "+e --length-explicit": Refused("--length-explicit", _STORED),
    "-e --length-undefined": Refused("--length-undefined", _STORED),
    "-p --padding-off": _NOTHING,
    "+p --padding-create": Refused("--padding-create", _STORED),
    "-uc --retain-un": _NOTHING,
    "+uc --convert-un": Refused("--convert-un", _STORED),
}
"""How it is written: the same three."""

SCP: _Table = {
    **PREFERRED,
    **WRITTEN,
    "-x=": _NOTHING,
    "-xe": _ts("explicit-le,implicit-le"),
    "-xb": _ts("explicit-be,explicit-le,implicit-le"),
    "-xi": _ts("implicit-le"),
    "+xa --accept-all": _NOTHING,
    "-od --output-directory": Use(("{0}",), 1),
    "-ba --bind-address": _one("--bind"),
    "-tls --disable-tls": _NOTHING,
    "-ic --ignore-peer-cert": Use(("--tls-no-client-auth",)),
    "-vc --verify-peer-cert": Refused("--verify-peer-cert", "use --tls-ca FILE, or --tls-no-client-auth"),
    "-pm --promiscuous": Use(("--any-class",)),
    "--fork": _NOTHING,
    "--single-process": Use(("--max-associations", "1")),
    "-id --inetd": Refused("--inetd", _NO_PART),
    "-ac --access-full": Use(("--allow-any",)),
    "+ac --access-control": Refused("--access-control", "use --allow AET[@net]"),
    "-dhl --disable-host-lookup": _NOTHING,
    "--refuse": Refused("--refuse", _NO_PART),
    "--reject": Refused("--reject", _NO_PART),
    "--sleep-after": Refused("--sleep-after", _NO_PART),
    "--sleep-during": Refused("--sleep-during", _NO_PART),
    "--abort-after": Refused("--abort-after", _NO_PART),
    "--abort-during": Refused("--abort-during", _NO_PART),
    "--no-echo": Refused("--no-echo", "C-ECHO is always answered"),
    "-ss --sort-conc-studies": Refused("--sort-conc-studies", _LAYOUT),
    "-su --sort-on-study-uid": Refused("--sort-on-study-uid", _LAYOUT),
    "-sp --sort-on-patientname": Refused("--sort-on-patientname", _LAYOUT),
    "-uf --default-filenames": _NOTHING,
    "+uf --unique-filenames": Refused("--unique-filenames", _LAYOUT),
    "--timenames": Refused("--timenames", _LAYOUT),
    "-fe --filename-extension": Refused("--filename-extension", _LAYOUT),
    "-xcr --exec-on-reception": Refused(
        "--exec-on-reception", "use --on-object CMD; it gets words, not a shell line"
    ),
    "-xcs --exec-on-eostudy": Refused(
        "--exec-on-eostudy", "use --on-study CMD; it gets words, not a shell line"
    ),
    "-rns --rename-on-eostudy": Refused("--rename-on-eostudy", _LAYOUT),
    "-tos --eostudy-timeout": _one("--study-timeout"),
    "-xs --exec-sync": Refused("--exec-sync", _NO_PART),
}
"""storescp."""

QUERY: _Table = {
    "--patient": Use(("-P",)),
    "--study": Use(("-S",)),
    "--psonly": Use(("-O",)),
    "--keyword": _one("-k"),
    "-xd --propose-deflated": _ts("deflated,explicit-le,implicit-le"),
    "--cancel": _one("--limit"),
    "--relational-query --relational-retrieval": Use(("--relational",)),
    "--dt-matching": Use(("--datetime",)),
    "--fuzzy-names": Use(("--fuzzy",)),
    "--timezone-adj": Use(("--timezone",)),
    "--enhanced-conversion": Refused("--enhanced-conversion", "use --ext CLASS=HEX", 0),
    "-dc --disable-correction": _NOTHING,
    "+dc --enable-correction": Refused("--enable-correction", "data sets are taken as they are", 0),
}
"""findscu, movescu, getscu: what is asked for."""

FIND: _Table = {
    "--worklist": Use(("-W",)),
    "-U --ups": Use(("--model", "ups-pull")),
    "-X -w --write": Use(("--extract", ".")),
    "-od --output-directory": _one("--extract"),
    "-Xx --extract-xml": Refused("--extract-xml", "use --format xml and redirect the output", 0),
    "-Xs --extract-xml-single": Refused("--extract-xml-single", "use --format xml > FILE"),
    "-Xlo --limit-output": Refused("--limit-output", "use --limit N"),
    "+sr --show-responses": _NOTHING,
    "-sr --hide-responses": Use(("--count",)),
}
"""findscu."""

RETRIEVE: _Table = {
    **PREFERRED,
    **WRITTEN,
    # The keys are proposed in both plain syntaxes; --ts is for the objects.
    "-xe --propose-little --request-little": _NOTHING,
    "-xb --propose-big --request-big": _NOTHING,
    "-xi --propose-implicit --request-implicit": _NOTHING,
    "-xd --propose-deflated": _NOTHING,
    "--cancel": Refused("--cancel", "use --total-timeout SECONDS"),
    "-od --output-directory": _one("--output"),
}
"""getscu, movescu."""

MOVE: _Table = {
    "-aem --move --move-aet": _one("--dest"),
    "--no-port": _NOTHING,
    "+P --port --store-port": _one("--receive"),
    "--store": Use(("--receive",)),
    "--store-aet": _one("--dest"),
    "-ac --access-full": Use(("--allow", "*")),
    "+ac --access-control": _NOTHING,
    "-dhl --disable-host-lookup": _NOTHING,
    "+xa --accept-all": _NOTHING,
    "-pi --pending-ignore": _NOTHING,
    "-pr --pending-read": _NOTHING,
}
"""movescu."""

_OF_COMMAND: dict[str, _Table] = {
    "echo": CALLING,
    "store": CALLING | STORE,
    "find": CALLING | QUERY | FIND,
    "get": CALLING | QUERY | RETRIEVE,
    "move": CALLING | QUERY | RETRIEVE | MOVE,
    "scp": SCP,
}


@cache
def spellings(command: str) -> Mapping[str, Use | Refused]:
    """Return every foreign spelling that a command meets; its own options come before these."""
    table = COMMON | _OF_COMMAND.get(command, CALLING)
    return {spelling: entry for spelled, entry in table.items() for spelling in spelled.split()}
