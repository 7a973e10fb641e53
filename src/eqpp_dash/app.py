"""The Dash app: the only place that makes one."""

from __future__ import annotations

import dash_mantine_components as dmc  # noqa: F401  (registers its scripts before the layout)
from dash import Dash
from flask_compress import Compress

from eqpp_dash import routes
from eqpp_dash.callbacks import archive, arrival, click, editor, job, pages, picture, share
from eqpp_dash.components.ids import JobKey
from eqpp_dash.components.shell import shell
from eqpp_dash.compose import compose, run_portrait
from eqpp_dash.jobs.dash_manager import RowBackedManager
from eqpp_dash.routes.secret import server_secret
from eqpp_dash.settings import Settings, load_settings

INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
        <script src="/assets/scheme.js"></script>
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""

COMPRESSED = ["zstd", "br", "gzip"]


def create_app(settings: Settings | None = None) -> Dash:
    """Make the app; each call makes one of its own, and importing this module makes none.

    Parameters
    ----------
    settings : Settings, optional
        The settings; by default from the environment.

    Returns
    -------
    Dash
        The app; its ``server`` is the Flask app.

    Raises
    ------
    EqppError
        If the settings are wrong or the data folder cannot be used.
    """
    settings = load_settings() if settings is None else settings
    services = compose(settings)
    app = Dash(
        "eqpp_dash",
        title="EQPP Dash",
        update_title="",
        index_string=INDEX,
        assets_ignore="scheme.js",
        suppress_callback_exceptions=True,
        use_async=False,
    )
    app.server.secret_key = server_secret(settings.data_dir)
    app.layout = shell
    manager = RowBackedManager(
        services.portraits,
        settings.cache_dir,
        status=f"{JobKey.WATCH}.data",
        progress=job.progress_values,
    )
    pages.register(app, services)
    arrival.register(app, services)
    editor.register(app, services)
    picture.register(app, services)
    click.register(app, services)
    job.register(app, services, manager, run_portrait)
    share.register(app)
    archive.register(app, services)
    routes.register(app, services)
    _compress(app)
    _register_scripts(app)
    services.portraits.start()
    return app


def _register_scripts(app: Dash) -> None:
    # Dash learns which scripts it serves when it first renders a page, and answers 500 for them
    # before. With several workers the page may come from one and its scripts from another.
    app.server.test_client().get("/")


def _compress(app: Dash) -> None:
    app.server.config.update(COMPRESS_ALGORITHM=COMPRESSED, COMPRESS_BR_LEVEL=5, COMPRESS_LEVEL=5)
    Compress(app.server)
