"""Who may become a member: by an invitation, as the first, or as the server's settings say."""

import asyncio
import secrets
from dataclasses import replace

from hubbub.errors import BadRequest, Forbidden
from hubbub.hub.core import Core
from hubbub.hub.rules.registration import Policy, Registration
from hubbub.hub.rules.secrets import CODE_PREFIX, hashed, secret_id
from hubbub.hub.state.permissions import Right
from hubbub.hub.state.room import User
from hubbub.hub.state.sanctions import EVERYWHERE, Sanctions
from hubbub.model import Role, UserKind
from hubbub.protocol.durations import DAY_MS
from hubbub.storage.changes import AppendAudit, Change, SaveInvitation
from hubbub.storage.records import Against, Invitation, SanctionKind, UserRecord

INVITATION_USES, INVITATION_DAYS = 1_000, 365
"""The most that one invitation may have."""


class Invitations:
    """Makes them, lists them, and says what they are worth."""

    def __init__(self, core: Core, policy: Policy, sanctions: Sanctions) -> None:
        self.policy = policy
        self.deciding = asyncio.Lock()
        """Held while somebody comes in by one: it has so many uses, and one member is the first."""
        self.url = ""
        """Where the page of this server is, for links."""
        self._log = core.log
        self._committer = core.committer
        self._limits = core.limits
        self._clock = core.clock
        self._peers = core.peers
        self._permissions = core.permissions
        self._sanctions = sanctions

    async def admission(self, code: str | None) -> tuple[Role, Invitation | None]:
        """As what one may come in, and by which invitation. Raises Forbidden."""
        if code:
            storage = self._log.storage
            found = await self._log.read(
                storage.people.invitation, hashed(code), self._clock.now_ms()
            )
            if found is None or not await self._holds(found):
                raise Forbidden("That invitation is unknown, used up or has run out.")
            return found.role, found
        if self.policy.first_is_owner and not await self._has_members():
            return Role.OWNER, None
        if self.policy.registration is Registration.OPEN:
            return Role.MEMBER, None
        if self.policy.registration is Registration.INVITE:
            raise Forbidden("One becomes a member here by an invitation; ask somebody for one.")
        raise Forbidden("Members are made by the operator of this server alone.")

    async def _holds(self, invitation: Invitation) -> bool:
        """Whether an invitation is still worth something, and not only there.

        One for an owner until there is a member; others while their maker may invite.
        """
        if invitation.role is Role.OWNER:
            return not await self._has_members()
        if self.policy.registration is Registration.CLOSED:
            return False
        if not invitation.maker_id:
            return True
        found = await self._log.read(self._log.storage.people.known, [invitation.maker_id])
        maker = found.get(invitation.maker_id)
        return maker is not None and self._may_invite(maker)

    def _may_invite(self, maker: UserRecord) -> bool:
        by = (Against.USER, maker.id)
        banned = self._sanctions.on(SanctionKind.BAN, EVERYWHERE, [by]) is not None
        user = User.of(maker, self._limits)
        return not banned and self._permissions.may(user, Right.INVITE)

    async def invite(
        self, maker: User | None, role: Role, uses: int, days: int, *others: Change
    ) -> str:
        """A new invitation's code, which is told once. Raises BadRequest."""
        if not 1 <= uses <= INVITATION_USES or not 1 <= days <= INVITATION_DAYS:
            raise BadRequest(
                f"An invitation has 1 to {INVITATION_USES} uses and lasts 1 to {INVITATION_DAYS} "
                "days: /invite link USES DAYS"
            )
        code = CODE_PREFIX + secrets.token_urlsafe(15)
        end_ms = self._clock.now_ms() + days * DAY_MS
        made_by = maker.id if maker is not None else ""
        invitation = Invitation(hashed(code), role, uses, end_ms, made_by)
        await self._committer.outcomes(SaveInvitation(invitation), *others)
        return code

    async def set_up_code(self) -> str | None:
        """An invitation by which the operator becomes the owner; None where there is a member."""
        return None if await self._has_members() else await self.invite(None, Role.OWNER, 1, 1)

    async def _has_members(self) -> bool:
        accounts = await self._log.read(self._log.storage.people.accounts)
        return any(account.kind is UserKind.MEMBER for account in accounts)

    async def usable(self) -> list[Invitation]:
        """Those that can be used, the next to run out first."""
        return await self._log.read(
            self._log.storage.people.usable_invitations, self._clock.now_ms()
        )

    async def revoke(self, typed: str, audit: AppendAudit) -> None:
        """Ends an invitation by its id. Raises BadRequest."""
        # Not while somebody comes in by it.
        async with self.deciding, self._peers.agreement.alone("accounts"):
            found = [i for i in await self.usable() if secret_id(i.code_hash) == typed.lower()]
            if not found:
                raise BadRequest(f"There is no invitation {typed[:16]!r}; /invite list lists them.")
            await self._committer.outcomes(SaveInvitation(replace(found[0], uses=0)), audit)

    def link(self, code: str) -> str:
        """The page that takes an invitation."""
        # Behind the #, which browsers keep to themselves: no log of a proxy has it.
        return f"{self.url}/#invite={code}"
