"""The customer's own words: quotes, signatures, disclaimers and automatic lines are cut away."""

from __future__ import annotations

import html
import re

# A pasted log or a whole thread says nothing more after this many characters.
MAX_CHARACTERS = 20_000

_HTML = re.compile(r"</?(?:p|div|br|span|html|body|table|tr|td|ul|li|b|i|a|blockquote)\b", re.I)
_QUOTED_HTML = re.compile(r"<blockquote\b.*?(?:</blockquote>|\Z)", re.I | re.S)
_LINE_TAG = re.compile(r"</?(?:p|div|br|tr|li|ul|table|blockquote)\b[^>]*>", re.I)
_TAG = re.compile(r"</?[a-z][^>]{0,300}>", re.I)
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|<?[\w.+-]+@[\w-]+\.[\w.-]+>?")

_WROTE = re.compile(
    r"^[ \t]*(?:On\b.{4,160}?(?:\n.{0,80}?)?\bwrote:|Am\b.{4,160}?\bschrieb\b.{0,80}?:"
    r"|Le\b.{4,160}?\ba écrit ?:)[ \t]*$",
    re.M,
)
# Written on one line, as some exports do: all that follows the header is the earlier message.
_WROTE_INLINE = re.compile(
    r"(?:^|[ \t])On (?:\w{3,9},? )?(?:\w{3,9}\.? \d|\d).{2,120}?\bwrote:[ \t]*(?=\S)"
)
_FORWARDED = re.compile(
    r"-{2,}[ \t]*(?:Original|Forwarded|Ursprüngliche)[ \t](?:Message|Nachricht)[ \t]*-{2,}"
    r"|^[ \t]*Begin forwarded message:"
    r"|^[ \t]*\*?From:\*?[ \t].{1,200}?\s\*?(?:Sent|Date|To):\*?[ \t]",
    re.I | re.M,
)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*(?:\n|\Z)", re.M)

_DELIMITER = re.compile(r"^(?:--|—|__{2,})[ \t]*$", re.M)
_CLOSING_WORDS = (
    r"(?:(?:with |many )?(?:best|kind|kindest|warm|warmest|friendly)(?: regards| wishes)?"
    r"|regards|sincerely|yours (?:sincerely|faithfully|truly)|sincerely yours|cheers|thanks"
    r"|many thanks|thank you|thanks and (?:best |kind )?regards|thx|br|respectfully|cordially)"
)
_CLOSING = re.compile(rf"^[ \t]*{_CLOSING_WORDS}[ \t]*[,.!]*[ \t]*$", re.I | re.M)
_CLOSING_INLINE = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][\"')]))[ \t]+(?:(?:best|kind|kindest|warm|warmest|many)[ \t])?"
    r"(?:regards|wishes|sincerely|cheers)\b[,.!]?[^\n.!?]{0,90}\.?[ \t]*$",
    re.I | re.M,
)
_PROSE_WORDS = 8
_SIGNATURE_LINES = 12
_POSTSCRIPT = re.compile(r"^[ \t]*P\.? ?S\.?[ \t:]", re.I)

_DISCLAIMER = re.compile(
    r"(?:^|(?<=[\n.!?]))[^\n.!?]{0,120}(?:"
    r"(?:intended|meant) (?:solely|only|exclusively) for (?:the|use)"
    r"|not the (?:intended|named) (?:recipient|addressee)"
    r"|is confidential and\b|contains? confidential|confidentiality notice"
    r"|accepts? no (?:liability|responsibility)|legal (?:notice|disclaimer)\b[ \t]*[-:–]"
    r"|for the named recipient|received (?:it|this (?:e-?mail|message)) in error"
    r"|contain (?:legally )?(?:privileged|confidential)|legally privileged"
    r"|registered in (?:england|scotland|the (?:uk|netherlands))|consider the environment"
    r").*$",
    re.I | re.M,
)
# Looked for first, since almost no message has one: the patterns take longer than all the rest.
_DISCLAIMER_WORDS = (
    *("intended", "meant", "recipient", "addressee", "confidential", "privileged"),
    *("registered in", "environment"),
)
_AUTOMATIC_WORDS = (
    *("sent from", "sent via", "sent with", "get outlook", "caution", "external", "warning"),
    *("click", "auto", "do not reply", "has been", "number is", "unsubscribe"),
)
_CLOSING_WORD = ("regards", "wishes", "sincerely", "cheers")
_AUTOMATIC_LINE = re.compile(
    r"(?:^|(?<=[.!?]))[ \t]*(?:"
    r"sent (?:from|via|with) (?:my )?(?:iphone|ipad|android|mobile|samsung|outlook|blackberry|gmail"
    r"|yahoo|proton|a mobile|phone)[^\n.]*"
    r"|get outlook for \w+[^\n]*"
    r"|\[?(?:caution|external|warning)\b:?\]?[^\n]{0,80}?(?:outside|external)[^\n.]*\.?"
    r"|\[external\]"
    r"|do not click (?:on )?(?:any )?links?[^\n.]*\.?"
    r"|(?:this is an )?auto(?:matic|mated)?[ -]?(?:reply|response|generated message)[^\n.]*\.?"
    r"|please do not reply to this (?:e-?mail|message)[^\n.]*\.?"
    r"|(?:your|we have received your) (?:ticket|request|case)[^\n.]{0,40} (?:has been (?:received"
    r"|created|logged)|number is)[^\n.]*\.?"
    r"|to unsubscribe[^\n]*"
    r")[ \t]*",
    re.I | re.M,
)
_AWAY = re.compile(
    r"\A\W*(?:subject:\s*)?(?:"
    r"(?:automatic|auto)[ -]?(?:reply|response)\b|out of (?:the )?office\b|abwesenheits"
    r"|(?:(?:hi|hello|thank you|thanks)\b[^\n.!]{0,60}[.!,\s]+){0,3}i(?:'m| am) (?:currently )?"
    r"(?:out of (?:the )?office|on (?:annual |parental |maternity |sick )?leave|on vacation)\b"
    r".{0,80}\b(?:until|return|back|access|from)\b)",
    re.I | re.S,
)


def own_words(text: str) -> str:
    """Return what the sender wrote in this message; empty for an automatic reply."""
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\xa0", " ")
    text = text.replace("’", "'")
    if "<" in text and _HTML.search(text):
        text = _without_tags(text)
    if _AWAY.match(text):
        return ""
    text = _without_quotes(text)
    lower = text.lower()
    if any(word in lower for word in _DISCLAIMER_WORDS):
        text = _DISCLAIMER.sub(" ", text)
    text = _without_signature(text)
    if any(word in lower for word in _AUTOMATIC_WORDS):
        text = _AUTOMATIC_LINE.sub(" ", text)
    if "@" in text or "://" in text or "www." in text:
        text = _ADDRESS.sub(" ", text)
    return text.strip()


def _without_tags(text: str) -> str:
    text = _QUOTED_HTML.sub("\n", text)
    return html.unescape(_TAG.sub(" ", _LINE_TAG.sub("\n", text)))


def _without_quotes(text: str) -> str:
    """Cut earlier messages; an answer written below ``>`` lines is kept."""
    if ("--" in text or ":" in text) and (found := _FORWARDED.search(text)):
        text = text[: found.start()]
    if ":" not in text and ">" not in text:
        return text
    if found := _WROTE.search(text):
        below = text[found.end() :]
        text = text[: found.start()] + (below if below.lstrip().startswith(">") else "")
    elif found := _WROTE_INLINE.search(text):
        text = text[: found.start()]
    return _QUOTED_LINE.sub("", text) if ">" in text else text


def _without_signature(text: str) -> str:
    """Cut the block after a delimiter or a closing word; prose and postscripts after it stay."""
    if "\n" in text:
        if found := _DELIMITER.search(text):
            text = text[: found.start()]
        if found := _CLOSING.search(text):
            text = text[: found.start()] + _after_signature(text[found.end() :])
    if any(word in text.lower() for word in _CLOSING_WORD):
        text = _CLOSING_INLINE.sub("", text)
    return text


def _after_signature(rest: str) -> str:
    """Return what is left of the lines after a closing word once the signature is taken off."""
    lines = [line for line in rest.split("\n") if line.strip()]
    for at, line in enumerate(lines):
        if at >= _SIGNATURE_LINES or _POSTSCRIPT.match(line) or _is_prose(line):
            return "\n\n" + "\n".join(lines[at:])
    return ""


def _is_prose(line: str) -> bool:
    """Say whether a line is a sentence rather than a name, a title or an address."""
    return len(line.split()) >= _PROSE_WORDS and line.rstrip()[-1] in ".!?"
