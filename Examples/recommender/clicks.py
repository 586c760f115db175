"""Who clicks on which movie: users and movies have tastes that nobody but this file knows."""

import dataclasses

import numpy

MOVIES = 1000
USERS = range(5000)
# Who came after the export.
NEW_USERS = range(5000, 5400)

# An id says in its upper bits which feature it is of.
MOVIE_SLOT, USER_SLOT = 1, 2
GENRES = ["action", "comedy", "drama", "family", "horror", "music", "nature", "science"]


def movie_id(movie):
    return MOVIE_SLOT << 48 | movie


def user_id(user):
    return USER_SLOT << 48 | user


@dataclasses.dataclass(frozen=True)
class Clicks:
    users: numpy.ndarray
    movies: numpy.ndarray
    labels: numpy.ndarray  # 1 where the user clicked

    def __len__(self):
        return len(self.labels)


class World:
    """Each user likes two genres, each movie has two.

    - Parameter seed: of what happens there; tastes are always the same.
    """

    def __init__(self, seed=0):
        self.random = numpy.random.default_rng(0)
        self.likes = self._two_of_all(NEW_USERS.stop)
        self.has = self._two_of_all(MOVIES)
        self.popularity = self.random.normal(-2, 0.7, MOVIES)
        self.random = numpy.random.default_rng(seed)

    def _two_of_all(self, count):
        tastes = self.random.uniform(0, 0.1, [count, len(GENRES)])
        for _ in range(2):
            tastes[numpy.arange(count), self.random.integers(len(GENRES), size=count)] += 1
        return tastes

    def clicks(self, count, users):
        """What users of the range `users` were shown, and whether they clicked."""
        shown_to = self.random.integers(users.start, users.stop, count)
        movies = self.random.integers(MOVIES, size=count)
        likes = 3 * numpy.einsum("ng,ng->n", self.likes[shown_to], self.has[movies]) + self.popularity[movies]
        clicked = self.random.uniform(size=count) < 1 / (1 + numpy.exp(-likes))
        return Clicks(shown_to, movies, clicked.astype(numpy.float32))


def genres(tastes):
    return " and ".join(GENRES[genre] for genre in sorted(numpy.argsort(tastes)[-2:]))


def auc(labels, scores):
    """How often a click has a higher score than what was not clicked."""
    ranks = numpy.empty(len(scores))
    ranks[numpy.argsort(scores)] = numpy.arange(1, len(scores) + 1)
    positive = labels.sum()
    return (ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(labels) - positive))
