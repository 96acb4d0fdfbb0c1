"""What every bus promises: bus/interface.py, on a bus within the process and on NATS."""

import asyncio
from collections.abc import Callable

import pytest

from hubbub.bus.interface import LARGEST
from tests.bus.node import Node
from tests.deadline import within

Make = Callable[[], Node]
END = ("end", b"")


async def pair(make: Make, *subjects: str) -> tuple[Node, Node]:
    """A node that listens to these subjects and to `end`, and one that does not."""
    ear, mouth = make(), make()
    await mouth.start()
    await ear.start(*subjects, "end")
    return ear, mouth


async def test_another_node_hears_what_is_published_on_its_subject(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")

    mouth.bus.publish("room.1", b"7")

    assert await ear.next() == ("room.1", b"7")


async def test_a_node_does_not_hear_itself(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")
    await mouth.listen("room.1")

    ear.bus.publish("room.1", b"own")
    assert await mouth.next() == ("room.1", b"own")
    mouth.bus.publish("end", b"")

    assert await ear.next() == END


async def test_every_other_node_hears_it_once(node: Make) -> None:
    ears, mouth = [node(), node(), node()], node()
    await mouth.start()
    for ear in ears:
        await ear.start("room.1")
        await ear.listen("room.1", "end")  # twice is once

    mouth.bus.publish("room.1", b"7")
    mouth.bus.publish("end", b"")

    for ear in ears:
        assert [await ear.next(), await ear.next()] == [("room.1", b"7"), END]


async def test_a_subject_is_whole_words_and_no_pattern(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")

    for other in ("room", "room.12", "room.1.2", "a.room.1", "ROOM.1"):
        mouth.bus.publish(other, b"")
    mouth.bus.publish("end", b"")

    assert await ear.next() == END


async def test_what_is_unsubscribed_is_not_heard_and_can_be_subscribed_again(node: Make) -> None:
    ear, mouth = await pair(node, "room.1", "room.2")

    ear.bus.unsubscribe("room.1")
    ear.bus.unsubscribe("room.1")
    ear.bus.unsubscribe("never")
    await ear.bus.settle()
    mouth.bus.publish("room.1", b"not this")
    mouth.bus.publish("room.2", b"this")
    assert await ear.next() == ("room.2", b"this")

    await ear.listen("room.1")
    mouth.bus.publish("room.1", b"again")
    assert await ear.next() == ("room.1", b"again")


async def test_what_was_unsubscribed_since_it_was_sent_is_not_heard(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")

    mouth.bus.publish("room.1", b"on its way")
    ear.bus.unsubscribe("room.1")
    mouth.bus.publish("end", b"")

    assert await ear.next() == END


async def test_a_publishers_order_holds_across_subjects(node: Make) -> None:
    subjects = [f"room.{n}" for n in range(20)]
    ear, mouth = await pair(node, *subjects)
    sent = [(subjects[n * 7 % 20], str(n).encode()) for n in range(2000)]

    for subject, data in sent:
        mouth.bus.publish(subject, data)

    assert [await ear.next() for _ in sent] == sent


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\r\n", b"+OK\r\nPING\r\n", bytes(range(256)), b"x" * LARGEST]
)
async def test_data_arrives_as_it_is(node: Make, data: bytes) -> None:
    ear, mouth = await pair(node, "room.1")

    mouth.bus.publish("room.1", data)

    assert await ear.next() == ("room.1", data)


async def test_what_is_too_large_is_lost_and_what_follows_is_not(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")

    mouth.bus.publish("room.1", b"x" * (LARGEST + 1))
    mouth.bus.publish("room.1", b"7")

    assert await ear.next() == ("room.1", b"7")


@pytest.mark.parametrize(
    "subject", ["", "a b", "a.*", "a.>", "a..b", "a.", "ä", "a\r\nPUB b 0\r\n"]
)
async def test_what_is_no_subject_is_a_fault_of_ours(node: Make, subject: str) -> None:
    one = node()
    await one.start()

    with pytest.raises(AssertionError):
        one.bus.publish(subject, b"")
    with pytest.raises(AssertionError):
        one.bus.subscribe(subject)


async def test_a_node_hears_on_the_loop_and_not_while_somebody_publishes(node: Make) -> None:
    ear, mouth = await pair(node)
    publishing = False
    heard = asyncio.Event()

    def hear(subject: str, data: bytes) -> None:
        assert not publishing
        assert asyncio.get_running_loop() is loop
        heard.set()

    loop = asyncio.get_running_loop()
    third = node()
    await third.bus.start(hear, third.be_back)
    await third.listen("end")

    publishing = True
    mouth.bus.publish("end", b"")
    publishing = False

    assert await ear.next() == END
    async with within(10):
        await heard.wait()


async def test_a_node_may_publish_and_subscribe_while_it_hears(node: Make) -> None:
    ear, mouth = await pair(node, "answer")
    middle = node()

    def hear(subject: str, data: bytes) -> None:
        middle.bus.subscribe("room.2")
        middle.bus.unsubscribe("room.1")
        middle.bus.publish("answer", data)

    await middle.bus.start(hear, middle.be_back)
    await middle.listen("room.1")

    mouth.bus.publish("room.1", b"a")
    assert await ear.next() == ("answer", b"a")
    await middle.bus.settle()
    mouth.bus.publish("room.2", b"b")
    assert await ear.next() == ("answer", b"b")


async def test_a_fault_in_what_hears_costs_that_message_alone(node: Make) -> None:
    ear, mouth = await pair(node)
    faults: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: faults.append(context["exception"]))

    def hear(subject: str, data: bytes) -> None:
        if data == b"bad":
            raise RuntimeError("a fault in the hub")
        ear.hear(subject, data)

    third = node()
    await third.bus.start(hear, third.be_back)
    await third.listen("room.1")

    mouth.bus.publish("room.1", b"bad")
    mouth.bus.publish("room.1", b"good")

    assert await ear.next() == ("room.1", b"good")
    assert [str(fault) for fault in faults] == ["a fault in the hub"]


async def test_subjects_from_before_the_start_are_heard(node: Make) -> None:
    ear, mouth = node(), node()
    await mouth.start()
    ear.bus.subscribe("room.1")
    await ear.start()

    mouth.bus.publish("room.1", b"7")

    assert await ear.next() == ("room.1", b"7")


async def test_a_bus_is_connected_from_its_start_to_its_end(node: Make) -> None:
    one = node()
    assert not one.bus.connected

    await one.start()
    assert one.bus.connected
    assert one.backs == 0

    await one.bus.close()
    assert not one.bus.connected
    await one.bus.close()


async def test_before_its_start_and_after_its_end_a_bus_says_and_hears_nothing(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")
    third = node()
    third.bus.publish("room.1", b"early")
    await third.bus.settle()
    await third.start("room.1")
    await third.bus.close()

    third.bus.publish("room.1", b"late")
    third.bus.subscribe("room.2")
    await third.bus.settle()
    mouth.bus.publish("room.1", b"7")

    assert await ear.next() == ("room.1", b"7")


async def test_what_was_published_before_the_end_is_sent(node: Make) -> None:
    ear, mouth = await pair(node, "room.1")

    for n in range(500):
        mouth.bus.publish("room.1", str(n).encode())
    await mouth.bus.close()

    assert [await ear.next() for _ in range(500)] == [
        ("room.1", str(n).encode()) for n in range(500)
    ]


async def test_ten_thousand_subjects_are_no_burden(node: Make) -> None:
    subjects = [f"room.{n}" for n in range(10_000)]
    ear, mouth = await pair(node, *subjects)

    for subject in subjects:
        mouth.bus.publish(subject, b"7")

    assert [(await ear.next())[0] for _ in subjects] == subjects
