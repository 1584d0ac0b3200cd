# One image for the API, the engine, the scheduler and the workers: all of them must run the same code.
FROM python:3.13-slim-trixie AS build

WORKDIR /build
COPY requirements/bootstrap.txt requirements/cluster.txt requirements/
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes --requirement requirements/bootstrap.txt \
    && python -m venv --without-pip /opt/trainyard \
    && /opt/tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/trainyard/bin/python \
        --require-hashes --requirement requirements/cluster.txt

# The project comes last, so that an edit of it leaves the layer of its dependencies alone.
COPY pyproject.toml LICENSE ./
COPY engine engine
COPY migrations migrations
COPY service service
RUN /opt/tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/trainyard/bin/python --no-deps dist/*.whl


FROM python:3.13-slim-trixie

RUN useradd --system --uid 10001 --home-dir /var/lib/trainyard --no-create-home trainyard \
    && install --directory --owner=trainyard --mode=0700 /var/lib/trainyard /run/trainyard /run/trainyard-database
COPY --from=build /opt/trainyard /opt/trainyard

ENV PATH=/opt/trainyard/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRAINYARD_HOST=0.0.0.0 \
    TRAINYARD_AUTH=on \
    TRAINYARD_DATA_DIR=/var/lib/trainyard

USER 10001
WORKDIR /var/lib/trainyard
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('TRAINYARD_PORT', 8000)}/livez\", timeout=4)"]
CMD ["trainyard", "serve"]
