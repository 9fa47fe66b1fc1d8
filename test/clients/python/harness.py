"""What the scripts of all Python clients share: steps that are counted, a client's command line run in this process, bytes.

The command lines are the clients' own (their `main` with a list of arguments, in a process for each), but Python and its
packages are loaded once instead of once for each of two hundred commands.
"""
import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
import warnings

warnings.filterwarnings('ignore')

DEADLINE_S = 60
passed = 0
failed = 0


@contextlib.contextmanager
def step(name):
    """One test: what is raised inside is shown and counted, and the script goes on."""
    global passed, failed
    try:
        yield
    except (Exception, SystemExit):
        failed += 1
        print(f'FAILED  {name}')
        print('        ' + traceback.format_exc(limit=-3).strip().replace('\n', '\n        '), flush=True)
    else:
        passed += 1
        print(f'ok      {name}', flush=True)


def finish():
    """Prints the totals; the exit code of the script."""
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed > 0 else 1


def equal(found, wanted):
    assert found == wanted, f'{found!r} instead of {wanted!r}'


def refused(result, text=''):
    """The command failed, and said why."""
    assert result.code != 0, f'succeeded: {result.out}'
    assert text in result.said, f'{text!r} is not in {result.said!r}'


class Result:
    """How a command ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def said(self):
        return self.out + self.err

    def good(self):
        """Itself; fails when the command failed."""
        assert self.code == 0, f'exit code {self.code}: {self.said[-1500:]}'
        return self

    def json(self):
        return json.loads(self.good().out)


def run_main(main, argv):
    """Runs a client's entry point in a fork of this process, with output of its own: nothing is left for the next."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os._exit(exit_code(main, argv))
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return Result(os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode())


def exit_code(main, argv):
    """What the entry point says, as a process would end; in the fork only."""
    try:
        code = main(argv)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def words(line):
    """A command line as a list."""
    return line if isinstance(line, list) else shlex.split(line)


class Cloud:
    """The server under test, for one user: what no client is needed for."""

    def __init__(self, url, user='demo1', password='secret'):
        self.url, self.user, self.password = url.rstrip('/'), user, password
        domain = {'name': 'Default'}
        auth = {
            'identity': {
                'methods': ['password'],
                'password': {'user': {'name': user, 'domain': domain, 'password': password}},
            },
            'scope': {'project': {'name': user, 'domain': domain}},
        }
        answer, body = self._send('POST', '/iam/v3/auth/tokens', {'auth': auth}, {})
        self.token = answer.headers['X-Subject-Token']
        self.project = body['token']['project']['id']

    def _send(self, method, path, body, headers):
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json', **headers},
        )
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return answer, json.loads(text) if text else None

    def ask(self, method, path, body=None):
        """JSON of a call; `{p}` is the project."""
        headers = {'X-Auth-Token': self.token, 'OpenStack-API-Version': 'volume latest'}
        return self._send(method, path.replace('{p}', self.project), body, headers)[1]

    def flags(self):
        """Who a command line is for. Its defaults from the environment would be read once for all."""
        os.environ['OS_REGION_NAME'] = os.environ.get('OS_REGION_NAME', 'eu-de')
        return [
            f'--os-auth-url={self.url}/iam/v3',
            f'--os-username={self.user}',
            f'--os-project-name={self.user}',
            f'--os-password={self.password}',
            '--os-user-domain-name=Default',
            '--os-project-domain-name=Default',
        ]

    def get(self, kind, name):
        """One `volume`, `snapshot` or `backup`; None when there is none."""
        try:
            return self.ask('GET', f'/evs/v3/{{p}}/{kind}s/{name}')[kind]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def wait(self, kind, name, status='available'):
        """Waits for a status, or for the end ('gone')."""
        found = None
        for _ in range(DEADLINE_S * 10):
            found = self.get(kind, name)
            if found is None and status == 'gone':
                return None
            if found is not None and found['status'] == status:
                return found
            if found is not None and found['status'].startswith('error') and status != 'gone':
                break
            time.sleep(0.1)
        raise AssertionError(f'{kind} {name} is not {status}: {found}')

    def curl(self, method, path, *arguments, data=None):
        """The answer's bytes."""
        command = ['curl', '-sS', '--fail-with-body', '-X', method, '-H', f'X-Auth-Token: {self.token}']
        done = subprocess.run(
            [*command, *arguments, f'{self.url}/data/v1/{self.project}/{path}'], input=data, capture_output=True
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors='replace')
        return done.stdout

    def write(self, volume, data, offset=65024):
        span = f'Content-Range: bytes {offset}-{offset + len(data) - 1}/*'
        self.curl('PUT', f'volumes/{volume}', '-H', span, '--data-binary', '@-', data=data)

    def has(self, place, data, offset=65024):
        """Fails unless `volumes/ID`, `snapshots/ID` or `backups/ID` has these bytes."""
        found = self.curl('GET', place, '-r', f'{offset}-{offset + len(data) - 1}')
        assert found == data, f'{place} has other bytes'


def covers(client, commands, run, left_out):
    """Every command of the client was run, or is left out with a reason."""
    with step(f'every command of {client} was run or is left out with a reason'):
        unknown = sorted(set(commands) - set(run) - set(left_out))
        assert not unknown, f'not run: {unknown}'
        both = sorted(set(run) & set(left_out))
        assert not both, f'run although left out: {both}'
        gone = sorted(set(left_out) - set(commands))
        assert not gone, f'left out, but no command: {gone}'


def arguments():
    """The URL of the server, the one argument of a script."""
    if len(sys.argv) != 2:
        sys.exit(f'usage: {sys.argv[0]} URL')
    return sys.argv[1]
