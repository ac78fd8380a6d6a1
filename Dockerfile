# The project on the official Airflow image: for docker-compose.yaml, and as a start for Kubernetes.
FROM apache/airflow:3.3.2-python3.12

# The image holds Airflow with providers of its own; requirements.txt pins them, too, and wins: every package is the one
# that the tests ran with, checked by its hash.
COPY --chown=airflow:root requirements.txt /opt/longshore/requirements.txt
RUN pip install --no-cache-dir --require-hashes --requirement /opt/longshore/requirements.txt

COPY --chown=airflow:root include /opt/longshore/include
COPY --chown=airflow:root plugins /opt/longshore/plugins
COPY --chown=airflow:root dags /opt/longshore/dags
COPY --chown=airflow:root config /opt/longshore/config

# Without compiled modules each task would start 6 seconds later.
RUN python -m compileall -q /opt/longshore

# The second folder holds airflow_local_settings.py, by which workers import the loader once, before they fork tasks.
ENV PYTHONPATH=/opt/longshore:/opt/longshore/config \
    LONGSHORE_HOME=/opt/airflow/longshore \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/longshore/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/longshore/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false
