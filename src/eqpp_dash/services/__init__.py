"""What the page and the command call; made by `eqpp_dash.compose.compose`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eqpp_dash.services.archive import ArchiveService
    from eqpp_dash.services.gallery import Gallery
    from eqpp_dash.services.health import Health
    from eqpp_dash.services.links import Links
    from eqpp_dash.services.portraits import Portraits
    from eqpp_dash.services.previews import Previews


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the page and the command can do.

    Attributes
    ----------
    portraits : Portraits
        Ask, watch, cancel, read.
    archive : ArchiveService
        Search and delete.
    previews : Previews
        Quick answers without a job.
    links : Links
        States as text.
    gallery : Gallery
        The classic systems.
    health : Health
        Whether all is well.
    can_delete : bool
        Whether rows may be deleted here.
    poll_interval_ms : int
        How often a page that watches a job asks.
    max_request_bytes : int
        Longest body of a request.
    """

    portraits: Portraits
    archive: ArchiveService
    previews: Previews
    links: Links
    gallery: Gallery
    health: Health
    can_delete: bool
    poll_interval_ms: int
    max_request_bytes: int
