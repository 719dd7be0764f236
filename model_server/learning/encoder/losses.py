# SPDX-License-Identifier: GPL-3.0-or-later
"""What the encoder's training minimises, and what it is judged by."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from model_server.learning.body.rotations import six_from_matrix
from model_server.learning.encoder.crop_encoder import Encoded
from model_server.learning.encoder.dataset import Answers
from model_server.learning.encoder.heat import heat_terms
from model_server.learning.network.state import JOINTS, LANDMARKS, PHENOTYPES


def losses(encoded: Encoded, answers: Answers) -> dict[str, Tensor]:
    """Each term as a scalar."""
    return {
        "parts": cross_entropy(encoded.parts, answers.parts),
        **heat_terms(encoded.heat, answers.places),
        **guess_terms(encoded.guess, answers.landmarks, answers.rotations, answers.phenotypes),
    }


def guess_terms(
    guess: Tensor, landmarks: Tensor, rotations: Tensor, phenotypes: Tensor
) -> dict[str, Tensor]:
    """How wrong guesses (B, GUESS_SIZE) are about landmarks (B, 33, 3), rotations (B, 22, 3, 3) and
    phenotypes (B, 6), each term as a scalar.
    """
    guessed, six, logits = parts_of_guess(guess)
    return {
        "landmarks": (guessed - landmarks).abs().mean(),
        "rotations": (six - six_from_matrix(rotations)).abs().mean(),
        # Cross entropy, since a distance says nothing of a sex that is 0 or 1 before it is known.
        "phenotypes": binary_cross_entropy_with_logits(logits, phenotypes),
    }


def total(terms: dict[str, Tensor], weights: object) -> Tensor:
    """The sum, weighted by the attributes of the same names."""
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def parts_of_guess(guess: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Landmarks (B, 33, 3), rotations as 6D (B, 22, 6), logits of the phenotypes (B, 6)."""
    landmarks, six, shape = guess.split([LANDMARKS * 3, JOINTS * 6, PHENOTYPES], 1)
    return landmarks.unflatten(1, (-1, 3)), six.unflatten(1, (-1, 6)), shape


def part_overlap(logits: Tensor, true_parts: Tensor) -> tuple[float, float]:
    """Mean intersection over union of the parts, and that of the whole person's silhouette."""
    said = logits.argmax(1)
    ratios = []
    for part in range(1, logits.shape[1]):
        both, either = (said == part) & (true_parts == part), (said == part) | (true_parts == part)
        if either.any():
            ratios.append((both.sum() / either.sum()).item())
    person, truth = said > 0, true_parts > 0
    whole = ((person & truth).sum() / (person | truth).sum().clamp(min=1)).item()
    return sum(ratios) / max(len(ratios), 1), whole
