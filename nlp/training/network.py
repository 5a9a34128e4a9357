"""The networks, in torch: a gated dilated convolution encoder, and what is put on top of it for each task."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

DILATIONS = (1, 2, 4, 1, 2, 4)
HIDDEN = 256


class GatedConvolution(nn.Module):
    """Pre-norm residual block: width 3 at a dilation as one matrix product, then a gate."""

    def __init__(self, hidden: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(hidden)
        self.mix = nn.Linear(3 * hidden, 2 * hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, hidden) to the same shape."""
        step = self.dilation
        normal = self.norm(hidden) * mask
        if torch.is_autocast_enabled("cpu"):
            normal = normal.to(torch.bfloat16)  # before the window is laid out: half the memory to move
        padded = nn.functional.pad(normal, (0, 0, step, step))
        length = hidden.shape[1]
        window = torch.cat([padded[:, :length], normal, padded[:, 2 * step : 2 * step + length]], dim=2)
        value, gate = self.mix(window).chunk(2, dim=2)
        return cast("Tensor", hidden + self.dropout(value * torch.sigmoid(gate)))


class Encoder(nn.Module):
    """Vectors of characters, (batch, length, width), to hidden states, (batch, length, hidden)."""

    def __init__(self, width: int, marks: int = 0, dropout: float = 0.1) -> None:
        super().__init__()
        hidden = HIDDEN
        self.input = nn.Linear(width, hidden)
        self.marks = nn.Embedding(marks + 1, hidden, padding_idx=0)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(GatedConvolution(hidden, dilation, dropout) for dilation in DILATIONS)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, vectors: Tensor, mask: Tensor, marks: Tensor | None = None) -> Tensor:
        """`mask` is (batch, length), 1 on text; `marks` the same shape, kinds of marks or none."""
        column = mask.unsqueeze(2)
        hidden = self.input(self.dropout(vectors))
        if marks is not None:
            hidden = hidden + self.marks(marks)
        for block in self.blocks:
            hidden = block(hidden, column)
        return cast("Tensor", self.norm(hidden))


class Crf(nn.Module):
    """A linear-chain CRF over tags in which some steps are banned."""

    BANNED = -1e4

    def __init__(self, legal: Tensor, legal_first: Tensor, legal_last: Tensor) -> None:
        super().__init__()
        self.steps = nn.Parameter(torch.zeros(legal.shape))
        self.first = nn.Parameter(torch.zeros(len(legal)))
        self.last = nn.Parameter(torch.zeros(len(legal)))
        self.legal: Tensor
        self.legal_first: Tensor
        self.legal_last: Tensor
        self.register_buffer("legal", legal)
        self.register_buffer("legal_first", legal_first)
        self.register_buffer("legal_last", legal_last)

    def tables(self) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of steps (tags, tags), of first and of last tags, banned ones at `BANNED`."""
        return (
            self.steps.masked_fill(~self.legal, self.BANNED),
            self.first.masked_fill(~self.legal_first, self.BANNED),
            self.last.masked_fill(~self.legal_last, self.BANNED),
        )

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Mean negative log likelihood a sentence; all (batch, length), emissions with tags as third axis."""
        steps, first, last = self.tables()
        batch, length, _ = emissions.shape
        rows = torch.arange(batch)
        weights = torch.exp(steps)
        gold = first[tags[:, 0]] + emissions[rows, 0, tags[:, 0]]
        total = first + emissions[:, 0]
        for place in range(1, length):
            on = mask[:, place]
            score = steps[tags[:, place - 1], tags[:, place]] + emissions[rows, place, tags[:, place]]
            gold = gold + score * on
            # exp-space forward: one matrix product a step, much faster than logsumexp over (batch, tags, tags)
            top = total.max(dim=1, keepdim=True).values
            step = torch.log(torch.exp(total - top) @ weights + 1e-30) + top + emissions[:, place]
            total = torch.where(on.bool().unsqueeze(1), step, total)
        ends = mask.sum(1).long() - 1
        gold = gold + last[tags[rows, ends]]
        return (torch.logsumexp(total + last, dim=1) - gold).mean()


class Tagging(nn.Module):
    """Emissions for each character and the CRF they feed."""

    def __init__(self, encoder: Encoder, crf: Crf, tags: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(HIDDEN, tags)
        self.crf = crf

    def forward(self, vectors: Tensor, mask: Tensor, marks: Tensor | None = None) -> Tensor:
        """Emissions, (batch, length, tags)."""
        return cast("Tensor", self.output(self.dropout(self.encoder(vectors, mask, marks))))


FAR = 1e4


def pool(hidden: Tensor, mask: Tensor) -> Tensor:
    """Largest and mean of the hidden states over the text, (batch, 2 * hidden)."""
    column = mask.unsqueeze(2)
    largest = (hidden - (1 - column) * FAR).max(dim=1).values
    mean = (hidden * column).sum(1) / column.sum(1).clamp(min=1)
    return torch.cat([largest, mean], dim=1)


class Classifying(nn.Module):
    """One label a text, from pooled hidden states; with marks, also from those of each marked part."""

    def __init__(self, encoder: Encoder, labels: int, marks: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.marks = marks
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Sequential(
            nn.Linear(HIDDEN * (2 + marks), HIDDEN), nn.GELU(), nn.Dropout(0.2), nn.Linear(HIDDEN, labels)
        )

    def forward(self, vectors: Tensor, mask: Tensor, marks: Tensor | None = None) -> Tensor:
        """Scores of the labels, (batch, labels)."""
        hidden = self.encoder(vectors, mask, marks)
        parts = [pool(hidden, mask)]
        if marks is not None:
            for kind in range(1, self.marks + 1):
                on = (marks == kind).to(hidden.dtype).unsqueeze(2)
                parts.append((hidden * on).sum(1) / on.sum(1).clamp(min=1))
        return cast("Tensor", self.output(self.dropout(torch.cat(parts, dim=1))))


class Embedding(nn.Module):
    """A sentence as a vector of length one: a weighted sum over its characters, without the encoder.

    To each character's vector come `WIDE` features of it, so that characters of like vectors can still be told apart.
    """

    WIDE = 512

    def __init__(self, width: int, size: int = HIDDEN) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        self.weight = nn.Linear(width, 1)
        self.output = nn.Linear(width, size)
        self.inner = nn.Linear(width, self.WIDE)
        self.outer = nn.Linear(self.WIDE, size, bias=False)
        nn.init.orthogonal_(self.output.weight)

    def forward(self, vectors: Tensor, mask: Tensor, _marks: Tensor | None = None) -> Tensor:
        """Unit vectors, (batch, size)."""
        vectors = self.dropout(vectors)
        weight = nn.functional.softplus(self.weight(vectors)) * mask.unsqueeze(2)
        features = (nn.functional.relu(self.inner(vectors)) * weight).sum(1)
        return nn.functional.normalize(self.outer(features) + self.output((vectors * weight).sum(1)), dim=1)


LATE = 128
LATE_DILATIONS = (1, 2)


class Late(nn.Module):
    """What a head adds to the encoder's output where parts of the text are marked: the encoder has not seen the marks.

    To each character come what it is marked as, how far it is from each mark, and what the marked parts say
    together; then two gated convolutions.
    """

    def __init__(self, marks: int, places: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.input = nn.Linear(HIDDEN, LATE)
        self.centre = nn.Linear(HIDDEN, LATE)
        self.marks = nn.Embedding(marks + 1, LATE, padding_idx=0)
        self.places = nn.Embedding(places, LATE)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(GatedConvolution(LATE, step, dropout) for step in LATE_DILATIONS)
        self.norm = nn.LayerNorm(LATE)
        nn.init.normal_(self.places.weight, std=0.2)

    def forward(self, hidden: Tensor, mask: Tensor, marks: Tensor, places: Tensor) -> Tensor:
        """Hidden states (batch, length, 256) to (batch, length, 128).

        `marks` is (batch, length), kinds of marks or 0; `places` (batch, length, ·), ids of distances.
        """
        hidden = self.dropout(hidden)
        on = (marks > 0).to(hidden.dtype).unsqueeze(2)
        kinds = self.marks(marks)
        count = on.sum(1, keepdim=True).clamp(min=1)
        centre = self.centre((hidden * on).sum(1, keepdim=True) / count) + kinds.sum(1, keepdim=True) / count
        state = self.input(hidden) + kinds + self.places(places).sum(2) + centre
        column = mask.unsqueeze(2)
        for block in self.blocks:
            state = block(state, column)
        return cast("Tensor", self.norm(state))


class TagHead(nn.Module):
    """Emissions from the encoder's output, and their CRF."""

    def __init__(self, crf: Crf, tags: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(HIDDEN, tags)
        self.crf = crf

    def forward(self, hidden: Tensor) -> Tensor:
        """Emissions, (batch, length, tags)."""
        return cast("Tensor", self.output(self.dropout(hidden)))


class MarkedTagHead(nn.Module):
    """Emissions for the parts of a text that belong to what is marked, and their CRF."""

    def __init__(self, crf: Crf, tags: int, marks: int, places: int) -> None:
        super().__init__()
        self.late = Late(marks, places)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(LATE, tags)
        self.crf = crf

    def forward(self, hidden: Tensor, mask: Tensor, marks: Tensor, places: Tensor) -> Tensor:
        """Emissions, (batch, length, tags)."""
        return cast("Tensor", self.output(self.dropout(self.late(hidden, mask, marks, places))))


class LabelHead(nn.Module):
    """Scores of labels of the whole text."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.3)
        self.output = _scores(2 * HIDDEN, labels)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Scores, (batch, labels)."""
        return cast("Tensor", self.output(self.dropout(pool(hidden, mask))))


class MarkedLabelHead(nn.Module):
    """Scores of labels of what is marked: the mean of each marked part, the largest and mean of all."""

    def __init__(self, labels: int, marks: int, places: int) -> None:
        super().__init__()
        self.kinds = marks
        self.late = Late(marks, places, dropout=0.3)
        self.dropout = nn.Dropout(0.3)
        self.output = _scores((2 + marks) * LATE, labels)

    def forward(self, hidden: Tensor, mask: Tensor, marks: Tensor, places: Tensor) -> Tensor:
        """Scores, (batch, labels)."""
        state = self.late(hidden, mask, marks, places)
        parts = [pool(state, mask)]
        for kind in range(1, self.kinds + 1):
            on = (marks == kind).to(state.dtype).unsqueeze(2)
            parts.append((state * on).sum(1) / on.sum(1).clamp(min=1))
        return cast("Tensor", self.output(self.dropout(torch.cat(parts, dim=1))))


def _scores(width: int, labels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, LATE), nn.GELU(), nn.Dropout(0.2), nn.Linear(LATE, labels))
