import os
import stat

import pytest

from eqpp_dash.errors import EqppError
from eqpp_dash.settings import Settings, default_data_dir, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in [n for n in os.environ if n.startswith("EQPP_")]:
        monkeypatch.delenv(name)


def test_flags_win_over_environment_over_file_over_defaults(tmp_path, monkeypatch):
    file = tmp_path / "eqpp.toml"
    file.write_text("port = 1000\nthreads = 7\nattempts = 9\n")
    monkeypatch.setenv("EQPP_PORT", "2000")
    monkeypatch.setenv("EQPP_THREADS", "8")
    settings = load_settings(file, port=3000)
    assert (settings.port, settings.threads, settings.attempts) == (3000, 8, 9)
    assert settings.time_limit_s == 60
    assert "EQPP_CONFIG" not in os.environ


def test_the_file_can_be_named_by_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "eqpp.toml"
    file.write_text("port = 1000\n")
    monkeypatch.setenv("EQPP_CONFIG", str(file))
    assert load_settings().port == 1000


def test_data_live_in_the_users_folder_never_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQPP_DATA_DIR", "")  # set to nothing counts as not set
    folder = load_settings().data_dir
    assert folder == default_data_dir()
    assert tmp_path not in folder.parents
    assert folder.is_absolute()


def test_a_relative_folder_is_made_absolute_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings(data_dir="here").data_dir == tmp_path / "here"
    assert load_settings(data_dir="~/x").data_dir.is_absolute()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"port": "many"}, "--port"),
        ({"attempts": 0}, "EQPP_ATTEMPTS"),
        ({"colour": "red"}, "colour"),
        ({"log_level": "loud"}, "--log-level"),
    ],
)
def test_a_bad_value_says_which_and_how_to_set_it(flags, words):
    with pytest.raises(EqppError, match=words):
        load_settings(**flags)


def test_only_options_that_exist_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("EQPP_TIME_LIMIT_S", "0")
    with pytest.raises(EqppError) as caught:
        load_settings(port=None, data_dir=None)
    assert caught.value.hint == "Set it with EQPP_TIME_LIMIT_S"
    monkeypatch.delenv("EQPP_TIME_LIMIT_S")
    monkeypatch.setenv("EQPP_PORT", "many")
    with pytest.raises(EqppError) as caught:
        load_settings(port=None)
    assert caught.value.hint == "Set it with --port or EQPP_PORT"
    monkeypatch.delenv("EQPP_PORT")
    file = tmp_path / "eqpp.toml"
    file.write_text("time_limt_s = 3")
    with pytest.raises(EqppError) as caught:
        load_settings(file)
    assert caught.value.hint == "Did you mean time_limit_s?"


def test_a_missing_or_broken_file_is_an_error(tmp_path):
    with pytest.raises(EqppError, match="does not exist"):
        load_settings(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("port = = 3")
    with pytest.raises(EqppError, match="cannot be read"):
        load_settings(broken)
    unknown = tmp_path / "unknown.toml"
    unknown.write_text("prot = 3")
    with pytest.raises(EqppError, match="prot"):
        load_settings(unknown)


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("example.org", False),
    ],
)
def test_deleting_is_allowed_only_locally_unless_it_is_said(host, local):
    assert Settings(host=host).can_delete is local
    assert Settings(host=host, allow_delete=True).can_delete
    assert not Settings(host=host, allow_delete=False).can_delete


def test_the_environment_carries_every_setting_to_another_process(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path, port=9999, cancel_grace_s=0.7, allow_delete=True)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    assert stat.S_ISDIR(os.stat(settings.data_dir).st_mode)
