"""Which change concerns other nodes."""

from hubbub.model import NotifyLevel, Role, UserKind
from hubbub.protocol.events import Message, Person
from hubbub.storage.changes import (
    Appended,
    AppendMessage,
    Done,
    Duplicate,
    EnterRoom,
    Made,
    MakeRoom,
    NameUsed,
    RemoveMember,
    RenameUser,
    RoleChanged,
    SaveAccount,
    SaveMember,
    SaveNotify,
)
from hubbub.storage.concerns import Concern, concerns

ANN = Person("a", "ann")
MESSAGE = AppendMessage("lobby", ANN, "hi")
SAID = Message(room="lobby", seq=1, at="", sender=ANN, text="hi")


def test_entries_are_delivered_once_and_who_is_where_is_told() -> None:
    assert concerns(MESSAGE, Appended(SAID)) is Concern.LOG
    assert concerns(MESSAGE, Duplicate("lobby", 1, "")) is Concern.NOTHING
    assert concerns(EnterRoom("lobby", "a"), Done()) is Concern.PRESENCE


def test_a_membership_concerns_others_where_it_says_who_may_what() -> None:
    for change in (SaveMember("lobby", "a"), RemoveMember("lobby", "a")):
        assert concerns(change, Done()) is Concern.NOTHING
        assert concerns(change, RoleChanged("a", None)) is Concern.LOOK
    assert concerns(MakeRoom("den", "a"), Made(True)) is Concern.NOTHING


def test_whoever_people_are_and_what_they_may_is_looked_at() -> None:
    assert concerns(RenameUser("a", "Ann", "ann"), Done()) is Concern.LOOK
    assert concerns(RenameUser("a", "Ann", "ann"), NameUsed()) is Concern.NOTHING
    assert concerns(SaveAccount("a", UserKind.MEMBER, Role.OWNER), Done()) is Concern.LOOK
    assert concerns(SaveNotify("lobby", "a", NotifyLevel.ALL), Done()) is Concern.LOOK
    assert concerns(SaveNotify("lobby", "a", NotifyLevel.MENTIONS), Done()) is Concern.NOTHING
