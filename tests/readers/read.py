"""Reads mails with programs that are not ours, and says what it finds: one JSON object a line, in the order of the files.

read.py RECORDS FILE...: RECORDS is a JSON object of the TXT records that there are, by their names. Structure, header and text are read by
Python's own `email`, signatures by dkimpy (Debian: python3-dkim, python3-nacl).
"""

import email
import email.policy
import email.utils
import hashlib
import html.parser
import json
import sys

import dkim


def walk(part, defects):
    """Every part, with the defects of each and of each field of each."""
    defects.extend(repr(defect) for defect in part.defects)
    for name, value in part.items():
        defects.extend(f"{name}: {defect!r}" for defect in getattr(value, "defects", ()))
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        for child in part.iter_parts():
            yield from walk(child, defects)
    else:
        yield part


def octets(part):
    if part.get_content_maintype() == "message":
        # The octets as they stand: a parsed mail would be written anew.
        return part.get_payload(0).as_bytes(policy=email.policy.SMTP) if part.is_multipart() else b""
    return part.get_payload(decode=True)


def files(part):
    content = octets(part)
    return {
        "name": part.get_filename(),
        "type": part.get_content_type(),
        "disposition": part.get_content_disposition(),
        "id": part["Content-ID"],
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "encoding": str(part["Content-Transfer-Encoding"] or "7bit").lower(),
    }


def text(parts, kind):
    """What a reader is shown: the first part of this kind that is no file."""
    for part in parts:
        if part.get_content_type() == kind and part.get_filename() is None and part.get_content_disposition() != "attachment":
            return part.get_content()
    return None


class Page(html.parser.HTMLParser):
    """The words of a page, and what it points to."""

    def __init__(self):
        super().__init__()
        self.words, self.sources, self.links, self.open, self.unclosed = [], [], [], [], []

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "background", "style") and (name != "style" or "url(" in value):
                self.sources.append(value)
            if name == "href":
                self.links.append(value)
        if tag not in ("br", "img", "meta", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)


def page(text):
    """What an HTML reader finds; nothing where there is no HTML."""
    if text is None:
        return None
    reader = Page()
    reader.feed(text)
    reader.close()
    return {"words": "".join(reader.words), "sources": reader.sources, "links": reader.links, "unclosed": reader.unclosed + reader.open}


def signatures(raw, records):
    """Whether each signature holds, from the top down, and what it says of itself."""
    found = []
    fields, _ = dkim.rfc822_parse(raw)
    for index, value in enumerate(value for name, value in fields if name.lower() == b"dkim-signature"):
        tags = dkim.parse_tag_value(value)

        def lookup(name, timeout=5):
            record = records.get(name.decode().rstrip("."))
            return record.encode() if record else None

        try:
            holds = dkim.DKIM(raw).verify(idx=index, dnsfunc=lookup)
        except Exception as error:
            holds, tags = False, {**tags, b"error": str(error).encode()}
        found.append({"holds": holds, **{key.decode(): b"".join(tag.split()).decode() for key, tag in tags.items()}})
    return found


def read(file, records):
    with open(file, "rb") as opened:
        raw = opened.read()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    defects = []
    parts = list(walk(mail, defects))
    plain, markup = text(parts, "text/plain"), text(parts, "text/html")
    shown = [part for part in parts if part.get_content_type() in ("text/plain", "text/html") and part.get_filename() is None]
    header, _, body = raw.partition(b"\r\n\r\n")
    fields = {}
    for name, value in mail.items():
        fields.setdefault(name.lower(), []).append(str(value))
    addresses = {
        name: [[address.display_name, address.addr_spec] for address in mail[name].addresses]
        for name in ("from", "to", "reply-to")
        if mail[name] is not None
    }
    date = mail["Date"].datetime if mail["Date"] else None
    return {
        "file": file,
        "defects": defects,
        "fields": fields,
        "addresses": addresses,
        "date": date.timestamp() if date else None,
        "date_form": email.utils.format_datetime(date) if date else None,
        # As it stands: the field above is written anew from what was read.
        "date_written": email.message_from_bytes(raw)["Date"],
        "structure": [part.get_content_type() for part in mail.walk()],
        "text": plain,
        "html": page(markup),
        "files": [files(part) for part in parts if part not in shown],
        "longest_line": max(len(line) for line in raw.split(b"\r\n")),
        "longest_field_line": max(len(line) for line in header.split(b"\r\n")),
        "bare_line_ends": raw.replace(b"\r\n", b"").count(b"\r") + raw.replace(b"\r\n", b"").count(b"\n"),
        "nul": raw.count(b"\0"),
        "header_is_ascii": header.isascii(),
        "body_is_ascii": body.isascii(),
        "signatures": signatures(raw, records),
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as opened:
        records = json.load(opened)
    for file in sys.argv[2:]:
        print(json.dumps(read(file, records)))


main()
