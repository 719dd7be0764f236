# SPDX-License-Identifier: GPL-3.0-or-later
"""What poses people take: normalising flows of bodies and hands, and how poses follow one another.

body = load_flow(BODY_FLOW)
body.prior_energy(rotations[:, 1:])  # (B,), about 1 for plausible people; differentiable
body.log_prob(rotations[:, 1:])  # (B,) nats above uniformly random rotations
body.from_latent(z)  # (B, 21, 3, 3), a person for every z
"""

from model_server.learning.priors.pose_flow import BODY_FLOW, HAND_FLOW, PoseFlow, load_flow

__all__ = ["BODY_FLOW", "HAND_FLOW", "PoseFlow", "load_flow"]
