"""Derivatives of solutions by the initial condition and by parameters, for many trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eqpp_dash.engine.expression.graph import topological
from eqpp_dash.engine.expression.variational import VariationalEquations
from eqpp_dash.engine.machine import Integrator
from eqpp_dash.engine.machine.layout import End
from eqpp_dash.engine.system import System, Value

Array = NDArray[np.float64]

#: Functions of which a field that is made may jump; those with kinks alone are not among them.
JUMPING = frozenset(
    {"sign", "heaviside", "floor", "ceil", "mod", "select", "lt", "le", "gt", "ge", "atan2"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Variations:
    """Solutions and their derivatives at the end of their spans.

    Where a solution crosses a surface on which the field jumps, its derivatives jump too, by a
    factor that the variational equations do not know. Those of solutions that reached a surface
    are NaN unless the field is continuous by its form: `abs`, `min` and `max` alone.

    Attributes
    ----------
    states : ndarray, shape (n, m)
        States of m trajectories.
    flow_derivatives : ndarray, shape (n, n, m)
        Derivatives of the state by the initial one; over a period the monodromy matrix.
    sensitivities : ndarray, shape (n, p, m)
        Derivatives of the state by the parameters asked for.
    log_determinants : ndarray, shape (m,), or None
        Integrals of the divergence, which are the logarithms of the determinants.
    times : ndarray, shape (m,)
        Times reached.
    ends : ndarray of int8, shape (m,)
        Why each ended: values of `End`; what did not end by `End.TIME` was cut short.
    switchings : ndarray of int, shape (m,)
        How many surfaces, where the field jumps or has a kink, each reached.
    """

    states: Array
    flow_derivatives: Array
    sensitivities: Array
    log_determinants: Array | None
    times: Array
    ends: NDArray[np.int8]
    switchings: NDArray[np.int64]

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Which trajectories reached the end of their spans."""
        return np.asarray(self.ends == End.TIME)

    @property
    def multipliers(self) -> NDArray[np.complex128]:
        """Eigenvalues of the flow derivatives, shape (n, m): over a period Floquet multipliers."""
        matrices = np.moveaxis(self.flow_derivatives, 2, 0)
        known = np.isfinite(matrices).all(axis=(1, 2))
        values = np.full(matrices.shape[:2], complex(np.nan, np.nan))
        values[known] = np.linalg.eigvals(matrices[known])
        return np.asarray(values.T)


class FlowDerivatives:
    """Integrates a system with its variational equations; to be closed, like the integrator.

    Parameters
    ----------
    system : System
        The system.
    by_parameters : sequence of str
        Parameters by which to differentiate.
    log_determinant : bool
        Whether to integrate the divergence too.
    **options : object
        As for `Integrator`.

    Examples
    --------
    >>> from eqpp_dash.engine.system import parse_system
    >>> with FlowDerivatives(parse_system("x' = y; y' = -x")) as flow:
    ...     quarter = flow.propagate([[1.0], [0.0]], np.pi / 2)
    >>> (quarter.flow_derivatives[:, :, 0].round(8) + 0.0).tolist()
    [[0.0, 1.0], [-1.0, 0.0]]
    """

    def __init__(
        self,
        system: System,
        *,
        by_parameters: Sequence[str] = (),
        log_determinant: bool = False,
        **options: Any,
    ) -> None:
        for name in by_parameters:
            if name not in system.parameters:
                raise ValueError(f"{name} is not a parameter")
        self.equations = VariationalEquations(
            system.components,
            system.variables,
            by_parameters=by_parameters,
            log_determinant=log_determinant,
        )
        ops = {node.op for node in topological(system.components)}
        self._jumps = not ops.isdisjoint(JUMPING)
        self.integrator = Integrator(
            self.equations.components, self.equations.variables, system.defaults, **options
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the machine code."""
        self.integrator.close()

    def propagate(
        self,
        starts: Any,
        span: Any,
        *,
        parameters: Mapping[str, Value | Array] | None = None,
        rtol: float = 1e-10,
        atol: Any = 1e-12,
        box: Any = None,
        **options: Any,
    ) -> Variations:
        """Integrate trajectories and their derivatives.

        Parameters
        ----------
        starts : array_like, shape (n, m)
            Starts.
        span : float or array_like, shape (m,)
            Time to go; negative goes backward.
        parameters : mapping of str to float, str or ndarray of shape (m,), optional
            Values; those left out take their usual ones.
        rtol : float
            Tolerated relative error of a step; derivatives count like states.
        atol : float or array_like, shape (n,)
            Tolerated absolute error of a step, of the states; its largest holds for the
            derivatives.
        box : array_like, shape (n, 2), optional
            Bounds of the states; derivatives are not bounded.
        **options : object
            Other options of `Integrator.propagate`.

        Returns
        -------
        Variations
            States and derivatives.

        Raises
        ------
        ValueError, SpecError
            As `Integrator.propagate` does.
        """
        n, columns = self.equations.dimension, self.equations.columns
        states = np.asarray(starts, dtype=np.float64)
        if states.ndim != 2 or len(states) != n:
            raise ValueError(f"the starts must have shape ({n}, m), not {states.shape}")
        count, total = states.shape[1], len(self.equations.variables)
        begin = np.zeros((total, count))
        begin[:n] = states
        begin[n : n + n * columns].reshape(n, columns, count)[range(n), range(n)] = 1.0
        errors = np.full(total, np.max(atol))
        errors[:n] = atol
        bounds = np.tile([-np.inf, np.inf], (total, 1))
        if box is not None:
            bounds[:n] = box
        found = self.integrator.propagate(
            begin, span, parameters=parameters, rtol=rtol, atol=errors, box=bounds, **options
        )
        derived = found.states[n:].copy()
        if self._jumps:
            derived[:, found.switchings > 0] = np.nan
        matrix = derived[: n * columns].reshape(n, columns, count)
        return Variations(
            found.states[:n],
            matrix[:, :n],
            matrix[:, n:],
            derived[-1] if self.equations.log_determinant else None,
            found.times,
            found.ends,
            found.switchings,
        )
