# Installs Dokan's driver and library, and fails unless both are there.
$ErrorActionPreference = 'Stop'

foreach ($attempt in 1..3) {
  choco install dokany2 --yes --no-progress
  # 3010: installed, and a restart is asked for, which the driver does not need.
  if ($LASTEXITCODE -in 0, 3010) { break }
  if ($attempt -eq 3) { throw "choco install dokany2 ended with $LASTEXITCODE" }
  Start-Sleep -Seconds (10 * $attempt)
}

$library = Join-Path $env:SystemRoot 'System32\dokan2.dll'
if (-not (Test-Path $library)) { throw "$library is missing" }
# sc.exe, because Get-Service does not list drivers.
if (-not ((sc.exe query dokan2) -match 'RUNNING')) {
  sc.exe start dokan2
  if ($LASTEXITCODE -ne 0) { throw "the driver dokan2 does not start: $LASTEXITCODE" }
}
Write-Output "Dokan $((Get-Item $library).VersionInfo.ProductVersion)"
exit 0
