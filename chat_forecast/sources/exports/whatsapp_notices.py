"""What WhatsApp on iOS wrote itself, although it looks like a message.

Belongs here: telling its notices from messages without a text, such as pictures and deleted ones.
Does not belong here: notices of Android, which have no sender (:mod:`.whatsapp_lines`).

On iOS both begin with an invisible mark, and a notice has the chat, or a member, as its sender. A notice names a member,
or says one of a few things in the phone's language; a message without a text names nobody.
"""

import re
from collections.abc import Collection

_SHORTEST_NAME = 2
_FILE = re.compile(r"<[^<>]*>?")
_NO_NOTICE = re.compile(
    r"""
    .*\b(?:omitted|attached|weggelassen|omitid[oa]|omis(?:e|es)?|absente?|omess[oa]|ocultad[oa]|omitida|weggelaten|pominięt\w+
    |dihilangkan|disertakan|bijgevoegd|utelämnad\w*|utelatt|udeladt)\b.*
    |.*(?:пропущен|отсутств|опущен|вилучен|省略|생략|忽略|yüklenmedi|dahil\ edilmedi|محذوف|हटाय)\w*.*
    |(?:you\ deleted|this\ message\ was\ deleted|this\ message\ was\ edited|deleted\ by\ admin|waiting\ for\ this\ message).*
    |(?:diese\ nachricht|du\ hast\ diese\ nachricht).*|(?:se\ eliminó\ este|eliminaste\ este|este\ mensaje).*
    |(?:ce\ message|vous\ avez\ supprimé\ ce).*|(?:questo\ messaggio|hai\ eliminato\ questo).*
    |(?:esta\ mensagem|essa\ mensagem|mensagem\ apagada|você\ apagou\ esta|apagou\ esta).*
    |(?:данное\ сообщение|это\ сообщение|вы\ удалили\ (?:данное|это)|сообщение\ удалено).*
    |(?:ви\ видалили\ це|це\ повідомлення).*
    |(?:dit\ bericht|je\ hebt\ dit\ bericht).*|(?:bu\ mesaj|bu\ mesajı).*|(?:ta\ wiadomość|usunięto\ tę|ta\ wiadomość).*
    |(?:location|poll|contact|standort|ubicación|position|posizione|localização|местоположение|umfrage|encuesta|sondage)\s*:.*
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""Messages without a text: left out, attached, deleted, a place, a poll."""
_NOTICE = re.compile(
    r"""
    .*(?:end[\s-]to[\s-]end|ende[\s-]zu[\s-]ende|de\ extremo\ a\ extremo|bout\ en\ bout|end-to-end|de\ ponta\ a\ ponta
    |сквозн\w+\ шифр|наскрізн|uçtan\ uca|od\ końca\ do\ końca|typu\ end|ujung\ ke\ ujung
    |端到端|端對端|エンドツーエンド|종단간|종단\ 간).*
    |.*(?:security\ code|sicherheitsnummer|código\ de\ seguridad|code\ de\ sécurité|codice\ di\ sicurezza
    |código\ de\ segurança
    |код\ безопасности|код\ безпеки|beveiligingscode|güvenlik\ kodu|kod\ zabezpieczeń).*
    |.*(?:disappearing\ messages|selbstlöschende|mensajes\ temporales|messages\ éphémères|messaggi\ effimeri
    |mensagens\ temporárias
    |исчезающие|зникаючі|verdwijnende|süreli\ mesaj|znikające).*
    |.*(?:tap\ to\ (?:learn|change|add|message)|invite\ link|group'?s?\ (?:settings|icon|description|name|admins?|subject)
    |business\ account|einladungslink|gruppenbild|gruppenbeschreibung|gruppenname\w*|gruppeneinstellungen).*
    |you(?:['’]re|\ are|\ were)?\ (?:added|removed|left|created|changed|pinned|joined|turned|updated|now|blocked|unblocked
    |reset|requested|made|accepted|no\ longer)\b.*
    |du\ (?:hast|bist|wurdest)\b.*|(?:añadiste|agregaste|creaste|cambiaste|saliste|fijaste|activaste|desactivaste|bloqueaste
    |te\ uniste|ahora\ eres|eliminaste\ a)\b.*|vous\ (?:avez|êtes|faites)\b.*|(?:hai|sei)\s.*|ti\ sei\ .*
    |(?:você|vc)\s.*|вы\s.*|ви\s.*|je\ (?:hebt|bent|verliet)\b.*|(?:dodano|utworzono|usunięto|zmieniono|opuszczono)\b.*
    |(?:missed\s|verpasster\s|пропущенный\s|pominięte\s)?(?:group\s)?(?:voice|video|sprach|audio|аудио|видео)?\s?-?(?:call|anruf|звонок)\b.*
    |(?:llamada|appel|chiamata|chamada|oproep)\b.*|(?:videollamada|videochiamata|videochamada|video-oproep|gesprek)\b.*
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
"""Notices that need name nobody: encryption, the group's settings, what the owner of the phone did, calls."""


def is_notice(text: str, names: Collection[str], *, is_of_chat: bool) -> bool:
    """Whether an entry whose text begins with the mark (left out here) is a notice.

    ``names``: the senders of the chat; ``is_of_chat``: its sender wrote nothing but such entries, and is the chat itself.
    """
    if _FILE.fullmatch(text.strip()) or _NO_NOTICE.fullmatch(text.strip()):
        return False
    if is_of_chat:
        return True
    return any(name in text for name in names if len(name) >= _SHORTEST_NAME) or _NOTICE.fullmatch(text.strip()) is not None
