"""What sounds bad and is not, and what is said beside it and is: in several words each."""

from __future__ import annotations

import pytest

from risk_model.text import hear, hear_why
from risk_model.text.lexicon import HEARD
from test_text import LEXICONS

NO_ALARM = ("urgency", "executive", "question", "thanks")
ALARMS = tuple(name for name in HEARD if name not in NO_ALARM)
HARMLESS = {
    "praise": (
        "It's ridiculous how fast the new search is",
        "The import is insanely quick now, ridiculous.",
        "It is crazy how easy the setup was.",
        "Unbelievable how quickly your team solved it, thank you.",
        "The new dashboard is stupidly simple to use, we love it.",
        "It's absurd how much time this saves us.",
    ),
    "own fault": (
        "Sorry for the terrible quality of the screenshot, my scanner is awful",
        "Apologies for the horrible photo, my phone camera is terrible.",
        "Excuse my awful handwriting on the attached form.",
        "My internet connection is terrible today, so I may drop off the call.",
        "Sorry about the awful audio in my recording.",
    ),
    "rival beside": (
        "Can your tool import from HubSpot? Our marketing team works with it.",
        "Does the connector for Salesforce also sync custom fields?",
        "We use Zendesk for tickets; can we link it to your platform?",
        "Is there an integration with Pipedrive, which our sales people use?",
        "How do we export the contacts to Mailchimp?",
    ),
    "sorry": (
        "Sorry to bother you again, one more question about filters.",
        "Apologies for the repeated emails, I forgot the attachment.",
        "Sorry to trouble you once more, where do I find the invoice settings?",
        "Me again, sorry! One last question about the export.",
        "Sorry for being a nuisance, could you resend the link?",
    ),
    "gone": (
        "The annoying bug with the filters is gone, thank you!",
        "The frustrating login problem has been fixed, great work.",
        "The nasty crash is solved since the update, thanks.",
        "That irritating popup has disappeared, thank you.",
        "The slow loading is history now, well done.",
    ),
    "still good": (
        "The problem is still solved, just checking in as you asked.",
        "It still works fine, as you asked us to confirm.",
        "The issue is still fixed on our side.",
        "Still no problems since the update.",
        "All good, still running without errors.",
    ),
    "in a row": (
        "For the third time in a row the upgrade went without a hitch.",
        "For the second time this year your team saved our day.",
        "For the fifth time running, the audit passed with no findings.",
        "This is the third time we recommend you to a partner.",
        "Third time in a row that everything went smoothly.",
    ),
    "not ended": (
        "The maintenance window will not be extended beyond Sunday.",
        "The trial will not be extended, we have bought the licence.",
        "The deadline for the survey will not be extended.",
    ),
    "nobody told": (
        "Nobody here could tell me which colleague has the invoice.",
        "Great value for the money, says everybody here.",
    ),
    "now and then fine": (
        "Now and then I export the list, works fine.",
        "From time to time we import data, how do we schedule that?",
        "The export used to fail now and then, since the update it works reliably.",
        "My own wifi drops out from time to time, so please call my mobile.",
        "We sometimes run a report twice to compare the years.",
        "Now and then our customers forget to fill in the form.",
    ),
}
# Said in one of these categories.
ALARMING = {
    "complaint|frustration": (
        "It's ridiculous how slow the new search is",
        "Unbelievable how badly this was handled.",
        "It's absurd how much time this costs us.",
        "The quality of your support is terrible.",
        "Your app is awful on my phone.",
        "The terrible quality of your exports costs us hours.",
        "Sorry to bother you again, but it still does not work.",
        "I am writing again because nobody answered.",
        "The annoying bug with the filters is back.",
        "The annoying bug is not gone, thank you for nothing.",
        "The frustrating login problem was fixed and now it is broken again.",
        "The problem is still not solved.",
        "The issue is still unsolved.",
        "It still fails.",
        "For the third time in a row the upgrade failed.",
        "For the third time this month we cannot log in.",
        "This is the third time I ask.",
    ),
    "competitor": (
        "We are comparing you with HubSpot.",
        "Our marketing team wants to move to HubSpot instead.",
        "We have asked Salesforce for an offer to replace you.",
    ),
    "threat": (
        "We have given notice to your procurement contact that the agreement will not be extended "
        "beyond September.",
        "Please note that our agreement will not be extended past the end of June.",
        "We informed your sales colleague that the contract will not be prolonged after December.",
        "Our board has decided that the subscription shall not be continued beyond this year.",
        "Notice has been served: the agreement ends in October and we will not extend it.",
    ),
    "hesitancy": (
        "nobody here could tell me what we get for the money",
        "To be frank nobody here could tell me what we get for the money.",
        "I was asked what value we get out of it and had no answer.",
        "Honestly I could not explain to my boss what we get for that price.",
        "Nobody knows what we are getting for this money.",
    ),
    "impaired": (
        "The export fails now and then",
        "The damn export fails now and then, I am sick of it!",
        "Exports fail every now and then.",
        "The export sometimes aborts, then we have to do it by hand.",
        "From time to time the import fails and we have to start it again.",
        "The sync breaks occasionally.",
        "Every so often the report does not load.",
        "The login works only intermittently.",
        "Sometimes it works and sometimes it does not.",
        "We have been limping along with a workaround for weeks.",
        "Sometimes I have to log in twice.",
        "The search has been flaky since Monday.",
        "We live with a painful workaround for the invoices.",
    ),
}
NOT_NEGATIVE = (
    "No complaints, no problems, nothing bad to say.",
    "Killer feature, it crushes the boring work!",
    "No issues, no errors, no worries at all.",
    "Kills hours of boring manual work for us.",
    "Nothing to criticise, no bad surprises.",
    "It destroys the competition.",
    "Insanely good, wicked fast.",
    "The search is killer!",
)
NEGATIVE = (
    "Bad support, many problems.",
    "It kills our productivity.",
    "It crushes my browser and loses data, terrible.",
    "No help, no answers, bad service.",
)
# As features/surveys.yaml counts comments.
BAD_TONE = -0.3


@pytest.mark.parametrize("text", [text for texts in HARMLESS.values() for text in texts])
def test_what_only_sounds_like_an_alarm_raises_none(text: str) -> None:
    heard = hear_why(text, LEXICONS)
    assert not {name: words for name, words in heard.items() if name in ALARMS}


@pytest.mark.parametrize(
    ("names", "text"), [(names, text) for names, texts in ALARMING.items() for text in texts]
)
def test_what_is_said_in_nearly_the_same_words_is_heard(names: str, text: str) -> None:
    heard = hear(text, LEXICONS)
    assert any(heard[name] for name in names.split("|"))


@pytest.mark.parametrize("text", NOT_NEGATIVE)
def test_praise_in_words_of_blame_is_no_bad_tone(text: str) -> None:
    assert hear(text, LEXICONS)["sentiment"] >= BAD_TONE


@pytest.mark.parametrize("text", NEGATIVE)
def test_blame_in_such_words_is_one(text: str) -> None:
    assert hear(text, LEXICONS)["sentiment"] < BAD_TONE


@pytest.mark.parametrize(
    "text",
    [
        "From time to time a colleague takes a break while the report runs.",
        "The export never fails now, not even from time to time.",
        "Our own wifi fails now and then.",
        "The export failed now and then, it is fixed now, thank you.",
    ],
)
def test_what_works_or_is_not_ours_is_not_impaired(text: str) -> None:
    assert not hear(text, LEXICONS)["impaired"]
