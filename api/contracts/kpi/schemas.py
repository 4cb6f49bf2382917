"""Bodies of kpi-platform.md, Authentication; stated names as stated, ours beside them (C-20)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Credentials(BaseModel):
    """Body of a log-in."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024, description="As typed; it is hashed on the server.")
    tenant: str | None = Field(
        default=None,
        max_length=100,
        description="Organization slug. Needed only where the user name exists in more than one.",
    )


class Refresh(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: str = Field(min_length=1, max_length=1024)


class LogOut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: str | None = Field(
        default=None, max_length=1024, description="Ends the session of this token; left out: all sessions of the user."
    )


class UserView(BaseModel):
    user_id: str = Field(description="USR- and at least three digits.")
    username: str
    full_name: str
    role: Literal["OPERATOR_DATAENTRY", "LEADER_DATACONFIG", "POWERUSER", "ADMIN"]
    client_id: str | None


class TokenPair(BaseModel):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds.")
    refresh_token: str = Field(description="For one use; each refresh gives the next one.")
    refresh_expires_in: int = Field(description="Seconds.")


class LoginAnswer(TokenPair):
    user: UserView
