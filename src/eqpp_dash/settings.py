"""The settings of one run: from flags, the environment, a file, defaults, in that order."""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from eqpp_dash.errors import EqppError

CONFIG_VARIABLE = "EQPP_CONFIG"


def default_data_dir() -> Path:
    """Give the platform's folder for the user's data; never the working directory."""
    return platformdirs.user_data_path("eqpp-dash", appauthor=False)


def usable_cores() -> int:
    """Count the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """Everything that can be set from outside; frozen.

    Keyword arguments (the flags of the command) win over ``EQPP_*`` variables, which win
    over the TOML file named by ``EQPP_CONFIG``, which wins over the defaults. Use
    `load_settings`, which explains what is wrong with a bad value.

    Examples
    --------
    >>> settings = Settings(data_dir="/tmp/portraits", port=9000)
    >>> settings.port, settings.database_path.name
    (9000, 'archive.db')
    """

    model_config = SettingsConfigDict(
        env_prefix="EQPP_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "127.0.0.1"
    port: int = Field(8050, ge=0, le=65535)
    workers: int = Field(2, ge=1, le=64)
    threads: int = Field(4, ge=1, le=256)

    max_jobs: int = Field(default_factory=usable_cores, ge=1, le=1024)
    time_limit_s: float = Field(60.0, gt=0, le=86_400)
    attempts: int = Field(3, ge=1, le=20)
    executor_idle_s: float = Field(300.0, ge=0)
    cancel_grace_s: float = Field(0.3, ge=0, le=60)
    stop_grace_s: float = Field(10.0, ge=0, le=600)
    stale_after_s: float = Field(15.0, ge=1)
    busy_timeout_s: float = Field(30.0, ge=0)
    poll_interval_ms: int = Field(150, ge=20, le=60_000)

    max_text_length: int = Field(20_000, ge=1)
    max_equations: int = Field(12, ge=1)
    max_depth: int = Field(100, ge=1)
    max_nodes: int = Field(20_000, ge=1)
    max_degree: int = Field(1_000, ge=1)
    max_digits: int = Field(40, ge=1)
    max_name_length: int = Field(40, ge=1)
    max_definitions: int = Field(50, ge=1)
    max_request_bytes: int = Field(1_000_000, ge=1_000)

    allow_delete: bool | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("data_dir", mode="after")
    @classmethod
    def _whole_path(cls, value: Path) -> Path:
        return Path(os.path.abspath(value.expanduser()))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: flags, environment, file."""
        config = os.environ.get(CONFIG_VARIABLE)
        if not config:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(config))

    @property
    def database_path(self) -> Path:
        """File of the archive."""
        return self.data_dir / "archive.db"

    @property
    def cache_dir(self) -> Path:
        """Folder of the background callbacks' cache."""
        return self.data_dir / "cache"

    @property
    def log_dir(self) -> Path:
        """Folder of the executor's log."""
        return self.data_dir / "logs"

    @property
    def local(self) -> bool:
        """Whether the server listens to this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def can_delete(self) -> bool:
        """Whether rows may be deleted: as set, else only where the server is local."""
        return self.local if self.allow_delete is None else self.allow_delete

    def environment(self) -> dict[str, str]:
        """Give the settings as ``EQPP_*`` variables, for a process started from this one.

        Examples
        --------
        >>> Settings(data_dir="/tmp/x", attempts=2).environment()["EQPP_ATTEMPTS"]
        '2'
        """
        return {
            f"EQPP_{name.upper()}": str(value)
            for name, value in self.model_dump().items()
            if value is not None
        }


def load_settings(config: Path | str | None = None, **flags: Any) -> Settings:
    """Read the settings and explain what is wrong with them.

    Parameters
    ----------
    config : path, optional
        TOML file; else the one that ``EQPP_CONFIG`` names, if any.
    **flags
        Values that win over all others; None stands for "not given".

    Returns
    -------
    Settings
        The settings.

    Raises
    ------
    EqppError
        If a value is out of range or unknown, or the file cannot be read.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    path = str(config) if config is not None else os.environ.get(CONFIG_VARIABLE, "")
    if path and not Path(path).is_file():
        raise EqppError(f"the settings file {path} does not exist", "Name a TOML file")
    before = os.environ.get(CONFIG_VARIABLE)
    try:
        if path:
            os.environ[CONFIG_VARIABLE] = os.path.abspath(path)
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise EqppError(
            f"the setting {name} = {first.get('input')!r:.60} is not valid: {first['msg']}",
            _remedy(name, path, flags),
        ) from error
    except (OSError, ValueError) as error:
        raise EqppError(
            f"the settings cannot be read: {error}", f"Mend {path or 'them'}"
        ) from error
    finally:
        if before is None:
            os.environ.pop(CONFIG_VARIABLE, None)
        else:
            os.environ[CONFIG_VARIABLE] = before


def _remedy(name: str, path: str, flags: Mapping[str, object]) -> str:
    """Say how a setting can be set by what was asked to read it; `flags` are its options."""
    if name not in Settings.model_fields:
        near = difflib.get_close_matches(name, Settings.model_fields, 1)
        return f"Did you mean {near[0]}?" if near else "There is no such setting"
    ways = [f"--{name.replace('_', '-')}"] if name in flags else []
    ways += [f"EQPP_{name.upper()}", *([f"in {path}"] if path else [])]
    return f"Set it with {' or '.join(ways)}"
