"""A stock OpenGRIS Scaler client: maps 200 functions through whatever scheduler listens at the given address."""
import sys

from scaler import Client


def square(value):
    return value * value


if __name__ == "__main__":
    with Client(address=sys.argv[1]) as client:
        results = client.map(square, [(value,) for value in range(200)])
        assert results == [value * value for value in range(200)], results
        future = client.submit(divmod, 1, 0)
        try:
            future.result()
            raise AssertionError("no error came back")
        except ZeroDivisionError:
            pass
    print("200 results and one error")
