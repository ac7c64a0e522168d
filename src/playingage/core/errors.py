"""One root error, and the kinds that callers tell apart."""


class PlayingAgeError(Exception):
    """Root of every error that a user can cause or meet.

    `what` says what was wrong and where, `do` what to do about it. The command line prints both and exits with 2.
    """

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.do = do

    def diagnostics(self) -> str:
        """The message for a person: what was wrong, then what to do."""
        return f"{self.what}\n{self.do}" if self.do else self.what


class MediaError(PlayingAgeError):
    """A source or sink failed."""


class UnreadableError(MediaError):
    """The source is not something that can be read as a picture or clip."""


class SourceLostError(MediaError):
    """The source worked and has gone away; trying again may help."""


class UnwritableError(MediaError):
    """The sink cannot take the frame: full disk, missing folder, unfit format."""


class ModelError(PlayingAgeError):
    """A model package or network cannot be used."""


class DeviceError(PlayingAgeError):
    """The asked compute device is not there."""


class SettingError(PlayingAgeError):
    """An argument or setting is out of range or does not fit another."""
