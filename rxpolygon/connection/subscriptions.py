"""What is wanted, what the wire has, and the commands that make them the same. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from rxpolygon.connection.effects import Effect, Lost, Refuse, Send, Tell
from rxpolygon.connection.patience import Patience
from rxpolygon.errors import SubscriptionRefusedError
from rxpolygon.status import Refused, ServerMessage, Subscribed, Unsubscribed
from rxpolygon.topics import Topic
from rxpolygon.venues.dialect import Acknowledged, Dialect, Stated, TopicsRefused

__all__ = ["Subscriptions"]

# Seconds after an error that named no topic, until it is taken for the answer to all that was asked.
_SETTLE = 2.0


class _Request:
    """One command that was sent, and the topics that the server has not answered for."""

    def __init__(self, topics: Iterable[Topic], active: bool) -> None:
        self.waiting = dict.fromkeys(topics)
        self.active = active
        self.errors: list[TopicsRefused] = []
        self.settle_at: float | None = None

    @property
    def is_decided(self) -> bool:
        """Whether every topic without an answer must be one of those refused without a name."""
        return bool(self.errors) and len(self.errors) >= len(self.waiting)


class Subscriptions:
    """Keeps the wire's topics equal to the wanted ones.

    A wildcard covers the single topics of its channel: while it is wanted, they are neither asked for nor
    given up. Additions are sent before removals, so no topic is without its data in between.

    Venues answer in two ways: with what began or ended (:meth:`acknowledged`), or after each command with all
    that is subscribed (:meth:`stated`), in the order of the commands.

    Args:
        dialect: Makes the commands.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._wanted: dict[Topic, None] = {}
        self._on_wire: dict[Topic, None] = {}
        self._channels: frozenset[str] | None = None  # of what is on the wire; None when that has changed
        self._changed: dict[Topic, None] = {}
        self._requests: deque[_Request] = deque()
        self._stated: dict[Topic, None] = {}  # what the server last said that it has
        self._patience = Patience()

    @property
    def wanted(self) -> Iterable[Topic]:
        """Every topic that is wanted, in the order of the wishes."""
        return self._wanted.keys()

    @property
    def on_wire(self) -> Iterable[Topic]:
        """Every topic that was asked for on the present connection and not refused."""
        return self._on_wire.keys()

    @property
    def channels(self) -> frozenset[str]:
        """The prefixes of the topics that are on the wire."""
        # Asked for whenever the keeper wakes, however many thousands of topics there are.
        if self._channels is None:
            self._channels = frozenset(topic.prefix for topic in self._on_wire)
        return self._channels

    @property
    def deadline(self) -> float | None:
        """When :meth:`settle` is due."""
        times = [request.settle_at for request in self._requests if request.settle_at]
        if self._patience.deadline is not None:
            times.append(self._patience.deadline)
        return min(times, default=None)

    def want(self, changes: Mapping[Topic, bool]) -> None:
        """Topics that are wanted from now on, or no longer."""
        for topic, wanted in changes.items():
            if wanted:
                self._wanted[topic] = None
            else:
                self._wanted.pop(topic, None)
            self._changed[topic] = None

    def connection_lost(self) -> tuple[Topic, ...]:
        """The wire has nothing any more; everything wanted must be asked for again.

        Returns:
            The topics whose data the loss interrupts: those that are wanted and that the wire had, be it by
            a wildcard that is wanted no longer, and what comes with such topics.
        """
        interrupted = self._with_brought(
            topic for topic in self._wanted if topic in self._on_wire or topic.wildcard in self._on_wire
        )
        self._on_wire.clear()
        self._channels = None
        self._requests.clear()
        self._stated.clear()
        self._patience.clear()
        self._changed = dict(self._wanted)
        return interrupted

    def _with_brought(self, topics: Iterable[Topic]) -> tuple[Topic, ...]:
        """The topics, and those wanted ones that their subscriptions bring along."""
        known = dict.fromkeys(topics)
        channels = {topic.prefix for topic in known}
        brought = (topic for topic in self._wanted if self._dialect.brought_by(topic.prefix) in channels)
        return tuple(known | dict.fromkeys(brought))

    def commands(self) -> list[Effect]:
        """What to send now, for all that changed since the last call."""
        changed = self._with_uncovered(self._changed)
        self._changed = {}
        added = [topic for topic in changed if self._must_add(topic)]
        removed = [topic for topic in changed if self._must_remove(topic)]
        if added or removed:
            self._channels = None
        effects: list[Effect] = []
        for command, topics in self._dialect.subscribe(added) if added else ():
            effects.append(Send(command, f"subscribe {len(topics)} topics: {_listing(topics)}"))
            self._requests.append(_Request(topics, active=True))
            self._on_wire.update(dict.fromkeys(topics))
        for command, topics in self._dialect.unsubscribe(removed) if removed else ():
            effects.append(Send(command, f"unsubscribe {len(topics)} topics: {_listing(topics)}"))
            self._requests.append(_Request(topics, active=False))
            for topic in topics:
                self._on_wire.pop(topic, None)
        return effects

    def _with_uncovered(self, changed: dict[Topic, None]) -> dict[Topic, None]:
        """The changed topics, and the single ones that a wildcard covers no longer."""
        gone = {topic.prefix for topic in changed if topic.is_wildcard and topic not in self._wanted}
        if not gone:
            return changed
        known = (*self._wanted, *self._on_wire)
        return changed | dict.fromkeys(topic for topic in known if topic.prefix in gone)

    def _is_covered(self, topic: Topic) -> bool:
        return not topic.is_wildcard and topic.wildcard in self._wanted

    def _must_add(self, topic: Topic) -> bool:
        is_missing = topic in self._wanted and topic not in self._on_wire
        return is_missing and not self._is_covered(topic) and not self._patience.holds(topic)

    def _must_remove(self, topic: Topic) -> bool:
        is_needless = topic not in self._wanted and topic in self._on_wire
        return is_needless and not self._is_covered(topic) and not self._patience.holds(topic)

    def acknowledged(self, notice: Acknowledged, now: float = 0.0) -> list[Effect]:
        """The server says that topics began or ended."""
        effects: list[Effect] = []
        for topic in notice.topics:
            request = self._request_of(topic, notice.active)
            if request is not None:
                del request.waiting[topic]
                effects += self._settle_before(request)
            effects.append(Tell(Subscribed(topic) if notice.active else Unsubscribed(topic)))
            if request is None and not notice.active:
                effects += self._taken_away(topic, now)
        return effects + self._settle_decided()

    def _taken_away(self, topic: Topic, now: float) -> list[Effect]:
        """The server ended a subscription by itself: ask again, and say that data may be missing."""
        if topic not in self._wanted or self._on_wire.pop(topic, False) is False:
            return []
        self._channels = None
        self._ask_again(topic, now, at_once=True)
        return [Lost(self._with_brought([topic]), "resubscribed")]

    def _ask_again(self, topic: Topic, now: float, *, at_once: bool) -> None:
        if self._patience.note(topic, now, at_once=at_once):
            self._changed[topic] = None

    def stated(self, notice: Stated, now: float) -> list[Effect]:
        """The server says all that it has for us: in answer to the oldest command, or of its own accord."""
        if self._requests:
            self._requests.popleft()
        before, self._stated = self._stated, dict.fromkeys(notice.topics)
        asked, self._on_wire, self._channels = self._on_wire, self._stated_and_asked(), None
        effects: list[Effect] = [Tell(Subscribed(topic)) for topic in self._stated if topic not in before]
        effects += [Tell(Unsubscribed(topic)) for topic in before if topic not in self._stated]
        self._patience.satisfied(topic for topic in self._stated if topic in self._wanted)
        missing = [topic for topic in asked if topic not in self._changed and self._must_add(topic)]
        taken = [topic for topic in missing if topic in before]
        left_out = [topic for topic in missing if topic not in before]
        needless = [
            topic for topic in self._on_wire if topic not in self._changed and self._must_remove(topic)
        ]
        for topic in (*taken, *needless):
            self._ask_again(topic, now, at_once=True)
        for topic in left_out:
            self._ask_again(topic, now, at_once=False)
        if left_out:
            text = f"the server left out what was asked for: {_listing(left_out)}"
            effects.append(Tell(ServerMessage("subscription", text)))
        if taken:
            effects.append(Lost(self._with_brought(taken), "resubscribed"))
        return effects

    def _stated_and_asked(self) -> dict[Topic, None]:
        """What the server will have once it has answered all commands under way."""
        topics = dict(self._stated)
        for request in self._requests:
            if request.active:
                topics |= request.waiting
            else:
                for topic in request.waiting:
                    topics.pop(topic, None)
        return topics

    def refused(self, notice: TopicsRefused, now: float) -> list[Effect]:
        """The server refuses something, often without saying what."""
        named = [topic for topic in notice.topics if self._request_of(topic, True) is not None]
        effects: list[Effect] = []
        if named:
            for topic in named:
                request = self._request_of(topic, True)
                if request is not None:
                    del request.waiting[topic]
                    effects += self._settle_before(request)
                effects += self._refuse(topic, notice)
            return effects + self._settle_decided()
        asked = next((request for request in self._requests if request.active and request.waiting), None)
        if asked is None:
            return [Tell(ServerMessage("error", notice.message))]
        asked.errors.append(notice)
        if notice.whole:
            effects = self._refuse_waiting(asked)
            self._forget_answered()
            return effects
        asked.settle_at = now + _SETTLE
        return self._settle_decided()

    def settle(self, now: float) -> list[Effect]:
        """Time has passed: errors without a name stand for all that is still unanswered.

        And what the server took away may be asked for again, by :meth:`commands`.
        """
        self._changed.update(dict.fromkeys(self._patience.release(now)))
        effects: list[Effect] = []
        for request in self._requests:
            if request.settle_at is not None and now >= request.settle_at:
                effects += self._refuse_waiting(request)
        self._forget_answered()
        return effects

    def released(self, now: float) -> None:
        """Our own full buffer held back the reading until now: answers may wait unread."""
        for request in self._requests:
            if request.settle_at is not None:
                request.settle_at = now + _SETTLE

    def _request_of(self, topic: Topic, active: bool) -> _Request | None:
        for request in self._requests:
            if request.active == active and topic in request.waiting:
                return request
        return None

    def _settle_before(self, answered: _Request) -> list[Effect]:
        """Answers come in the order of the commands: whoever was asked before has been answered."""
        effects: list[Effect] = []
        for request in self._requests:
            if request is answered:
                break
            if request.errors:
                effects += self._refuse_waiting(request)
        return effects

    def _settle_decided(self) -> list[Effect]:
        effects: list[Effect] = []
        for request in self._requests:
            if request.is_decided:
                effects += self._refuse_waiting(request)
        self._forget_answered()
        return effects

    def _forget_answered(self) -> None:
        self._requests = deque(request for request in self._requests if request.waiting)

    def _refuse_waiting(self, request: _Request) -> list[Effect]:
        topics, notice = list(request.waiting), request.errors[-1]
        request.waiting.clear()
        request.settle_at = None
        return [effect for topic in topics for effect in self._refuse(topic, notice)]

    def _refuse(self, topic: Topic, notice: TopicsRefused) -> list[Effect]:
        self._on_wire.pop(topic, None)
        self._channels = None
        self._wanted.pop(topic, None)
        if topic.is_wildcard:  # singles that it covered must now be asked for by themselves
            self._changed.update(dict.fromkeys(t for t in self._wanted if t.prefix == topic.prefix))
        error = SubscriptionRefusedError(topic, notice.message, notice.remedy)
        return [Tell(Refused(topic, notice.message)), Refuse(topic, error)]


def _listing(topics: Iterable[Topic], most: int = 10) -> str:
    names = [str(topic) for topic in topics]
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
